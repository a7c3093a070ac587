"""A classifier trained in batches and validated after each epoch.

Run it with ``python -m examples.torch.cross_entropy``.
"""

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from generated.torch import CrossEntropyLoss


def main() -> None:
    """Tell three clouds of points apart; a tenth of the labels are unknown and ignored."""
    torch.manual_seed(0)
    labels = torch.randint(3, (240,))
    points = torch.randn(240, 2) + 3 * torch.eye(3)[labels, :2]
    unknown = torch.rand(240) < 0.1
    labels[unknown] = -100
    batches = DataLoader(TensorDataset(points[:200], labels[:200]), batch_size=20, shuffle=True)
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3))
    loss_function = CrossEntropyLoss(ignore_index=-100)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(6):
        total = 0.0
        for batch, target in batches:
            optimizer.zero_grad()
            loss = loss_function(model(batch), target)
            loss.backward()
            optimizer.step()
            total += loss.item()
        with torch.no_grad():
            validation = loss_function(model(points[200:]), labels[200:])
        print(f"epoch {epoch}  loss {total / len(batches):.6f}  validation {validation:.6f}")


if __name__ == "__main__":
    main()
