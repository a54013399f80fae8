"""Times the network of the `pipeline` bench in Python's PyTorch: images/s trained and scored, one thread.

The network is the official code's ResNet-18 for CIFAR (kuangliu's), with the width as a parameter.
Needs a Python with torch 2.11 (the whole package): python3 benches/pytorch.py [threads]
"""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        blocks = []
        for stage in range(4):
            outputs = width << stage
            inputs = outputs if stage == 0 else outputs // 2
            blocks += [Block(inputs, outputs, 1 if stage == 0 else 2), Block(outputs, outputs, 1)]
        self.layers = nn.Sequential(*blocks)
        self.linear = nn.Linear(8 * width, 10)

    def forward(self, x):
        x = self.layers(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.avg_pool2d(x, 4).flatten(1))


def rate(step, images, seconds=8.0):
    step()
    start, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - start < seconds:
        step()
        done += images
    return done / (time.perf_counter() - start)


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"torch {torch.__version__}, {device}, {torch.get_num_threads()} thread(s)")
    for width in (8, 16, 64):
        for layout in (torch.contiguous_format, torch.channels_last):
            net = ResNet18(width).to(device).to(memory_format=layout)
            images = torch.randn(128, 3, 32, 32, device=device).to(memory_format=layout)
            targets = torch.arange(128, device=device) % 10
            sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

            def train():
                net.train()
                sgd.zero_grad()
                loss = F.cross_entropy(net(images), targets)
                loss.backward()
                sgd.step()
                return loss.item()

            def infer():
                net.eval()
                with torch.no_grad():
                    return net(images).sum().item()

            name = "channels_last" if layout == torch.channels_last else "contiguous"
            print(f"width {width:3} {name:13} train {rate(train, 128):8.1f} images/s, infer {rate(infer, 128):8.1f}")


if __name__ == "__main__":
    main()
