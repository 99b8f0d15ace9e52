"""Chat servers side by side on one machine: `make bench` writes docs/performance.md."""
