#!/bin/sh
# Runs pytest as told, and what failed once more by itself: on a machine that is busy with
# something else, a browser or a server may come too late for its test. What fails alone
# fails; what passes alone is named in the first report, and is still a fault to mend.
"$@" && exit
code=$?
[ $code = 1 ] || exit $code
echo "What failed is tried once more, by itself."
exec "$@" --numprocesses 0 --last-failed --last-failed-no-failures none
