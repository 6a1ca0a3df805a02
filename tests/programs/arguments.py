# ruff: noqa
# A program looks at its own name and arguments, its folder's modules, and ends with a status.
import os
import sys

import beside
import keras

if __name__ == "__main__":
    print(beside.NAME, sys.argv[1:], os.path.basename(sys.argv[0]), os.path.basename(__file__))
    print(
        sys.path[0] == os.path.dirname(os.path.abspath(__file__)),
        sys.modules["__main__"].keras is keras,
    )
    sys.exit(int(sys.argv[1]))
