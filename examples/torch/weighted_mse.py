"""A line fitted with weights for the samples, by SGD.

Run it with ``python -m examples.torch.weighted_mse``.
"""

import torch
from torch import nn, optim

from generated.torch import WeightedMSELoss


def main() -> None:
    """Fit ten noisy points, of which some are trusted more than others."""
    torch.manual_seed(0)
    x = torch.randn(10, 1)
    y = 2 * x + 1 + 0.1 * torch.randn(10, 1)
    model = nn.Linear(1, 1)
    # One weight a sample: against predictions of shape (10, 1) they mean rows, and never broadcast.
    criterion = WeightedMSELoss(torch.tensor([1.0, 2, 1, 1, 3, 1, 1, 2, 1, 1]))
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(101):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d}  loss {loss.item():.6f}")
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
