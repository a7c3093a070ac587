from enum import Enum

class MixedPrecisionType(Enum):
    NOTSET = 0
