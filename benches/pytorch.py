"""Times the network of the `pipeline` bench in Python's PyTorch: a table of images/s trained and scored, on one thread.

The network is the ResNet-18 for CIFAR of the official code (from kuangliu/pytorch-cifar), with its width as a parameter.
Usage, with torch 2.11 installed: python3 benches/pytorch.py [threads] [--brief]
`pt4al gpu-check --python python3` runs it next to its own measurements.
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


def rate(step, images, seconds, sync):
    step()
    sync()
    start, done = time.perf_counter(), 0
    while done == 0 or time.perf_counter() - start < seconds:
        step()
        done += images
        if done % (32 * images) == 0:
            sync()
    sync()
    return done / (time.perf_counter() - start)


def measured(device, width, precision, layout, graph, seconds):
    """Returns images/s trained and scored in minibatches of 128. bf16 uses autocast, as PyTorch's recipes do."""
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    cuda = device == "cuda"
    sync = torch.cuda.synchronize if cuda else (lambda: None)
    net = ResNet18(width).to(device).to(memory_format=layout)
    images = torch.randn(128, 3, 32, 32, device=device).to(memory_format=layout)
    targets = torch.arange(128, device=device) % 10
    # foreach: in a graph, the step must not read numbers on the host.
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, foreach=True)

    def train():
        sgd.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16", cache_enabled=not graph):
            loss = F.cross_entropy(net(images).float(), targets)
        loss.backward()
        sgd.step()
        if not cuda:
            return loss.item()

    def infer():
        with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            out = net(images)
        return out if cuda else out.float().sum().item()

    net.train()
    step = train
    if graph:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                train()
        torch.cuda.current_stream().wait_stream(side)
        recorded = torch.cuda.CUDAGraph()
        with torch.cuda.graph(recorded):
            train()
        step = recorded.replay
    trained = rate(step, 128, seconds, sync)
    net.eval()
    return trained, rate(infer, 128, seconds / 2, sync)


def main():
    brief = "--brief" in sys.argv
    threads = [int(a) for a in sys.argv[1:] if a.isdigit()]
    torch.set_num_threads(threads[0] if threads else 1)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    print(f"PyTorch {torch.__version__} on {device}, {torch.get_num_threads()} thread(s), minibatches of 128\n")
    print("| width | precision | layout | step | trained | scored |")
    print("| --: | :-- | :-- | :-- | --: | --: |")
    plain, last = torch.contiguous_format, torch.channels_last
    rows = [("f32", plain, False), ("f32", last, False), ("bf16", last, False)]
    if device == "cuda":
        rows += [("tf32", last, False), ("tf32", last, True), ("bf16", last, True)]
    for width in (64,) if brief else (8, 16, 64):
        for precision, layout, graph in rows:
            trained, scored = measured(device, width, precision, layout, graph, 1.5 if brief else 8.0)
            name = "channels last" if layout == last else "contiguous"
            how = "in a CUDA graph" if graph else "eager"
            print(f"| {width} | {precision} | {name} | {how} | {trained:,.0f} | {scored:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
