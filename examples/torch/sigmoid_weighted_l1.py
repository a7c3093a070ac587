"""A regression whose absolute error is weighted by its own sigmoid, by Adam.

Run it with ``python -m examples.torch.sigmoid_weighted_l1``.
"""

import torch
from torch import nn, optim

from generated.torch import SigmoidWeightedL1Loss


def main() -> None:
    """Fit a plane in ten dimensions."""
    torch.manual_seed(0)
    x = torch.randn(100, 10)
    y = x.mean(dim=1, keepdim=True)
    model = nn.Linear(10, 1)
    criterion = SigmoidWeightedL1Loss()
    optimizer = optim.Adam(model.parameters(), lr=0.001)
    for epoch in range(101):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d}  loss {loss.item():.6f}")
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
