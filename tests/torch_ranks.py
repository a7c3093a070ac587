"""One rank of distributed training: `python torch_ranks.py RANK RANKS FOLDER`.

Every loss is trained for one step inside of DistributedDataParallel, on the rank's own batch; what
came out is left in the folder.
"""

import sys
from pathlib import Path

import torch
from losses import CASES, Case
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch_models import Model, batch, gradients

# A row-wise mean over equal halves is the mean over both.
EVEN = ("huber_loss", "mse_loss", "binary_cross_entropy_with_logits", "l1_loss", "cross_entropy")


def halves(case: Case, ranks: int) -> list[list[torch.Tensor]]:
    """Return a batch for each rank."""
    return [batch(case, torch.float64, seed=rank) for rank in range(ranks)]


def replica(case: Case) -> Model:
    """Return the model that every rank should have."""
    return Model(case).double()


def step(case: Case, rank: int, ranks: int) -> dict[str, object]:
    """Return loss, gradients and state after one step of a rank."""
    model = replica(case)
    if rank:  # ranks take the first one's weights, those of the loss too
        with torch.no_grad():
            for tensor in (*model.parameters(), *model.buffers()):
                tensor.add_(1.0)
    parallel: nn.Module = DistributedDataParallel(model)
    loss = parallel(*halves(case, ranks)[rank])
    loss.backward()
    return {
        "loss": loss.detach(),
        "gradients": gradients(parallel),
        "state": dict(model.state_dict()),
    }


def main(rank: int, ranks: int, folder: Path) -> None:
    """Run all losses as one rank."""
    torch.set_num_threads(1)
    store = distributed.FileStore(str(folder / "store"), ranks)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=ranks)
    results = {case.id: step(case, rank, ranks) for case in CASES}
    distributed.barrier()
    torch.save(results, folder / f"{rank}.pt")
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
