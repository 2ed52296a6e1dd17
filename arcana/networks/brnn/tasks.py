"""Tasks: images read as sequences, and all others under one name."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from arcana.errors import BadInput, Problems
from arcana.limits import MOST, is_whole
from arcana.networks.brnn.presentations import Presentation
from arcana.networks.brnn.split import check_seed, sizes, stratified, validation_size
from arcana.networks.brnn.task import Data, Kind, Task
from arcana.networks.brnn.tasks_files import of_file
from arcana.networks.brnn.tasks_synthetic import adding, delayed_match, flip_flop
from arcana.typing import Tensor
