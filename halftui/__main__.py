"""`python -m halftui` is the same as `halftui`."""

from halftui.main import main

if __name__ == "__main__":
    main()
