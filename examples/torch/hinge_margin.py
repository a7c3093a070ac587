"""A linear classifier with a margin, by SGD.

Run it with ``python -m examples.torch.hinge_margin``.
"""

import torch
from torch import nn, optim

from generated.torch import HingeMarginLoss


def main() -> None:
    """Separate points on the two sides of a plane, labelled -1 and 1."""
    torch.manual_seed(0)
    x = torch.randn(100, 10)
    y = torch.sign(x.sum(dim=1, keepdim=True))
    model = nn.Linear(10, 1)
    criterion = HingeMarginLoss(margin=0.5)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    for epoch in range(101):
        optimizer.zero_grad()
        loss = criterion(model(x).view(-1), y.view(-1))
        if epoch % 20 == 0:
            print(f"epoch {epoch:3d}  loss {loss.item():.6f}")
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    main()
