"""Decodes image files to squares of pixels with Pillow in one thread, in images per second, as torchvision's ImageFolder,
Resize and CenterCrop do it; `decode.rs` beside this file does the same with this crate. Run both one after the other:

    mkdir large
    PT4AL_TEST_DATA=$PWD/data PT4AL_BENCH_LARGE=$PWD/large cargo bench -p pt4al-data --bench decode
    python crates/data/benches/pillow.py data large
"""
import io
import sys
import time
from pathlib import Path

import PIL
from PIL import Image


def files(folder):
    paths = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
    step = max(len(paths) // 500, 1)
    return [path.read_bytes() for path in paths[::step][:500]]


def square(data, resize, crop):
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    if width <= height:
        size = (resize, int(resize * height / width))
    else:
        size = (int(resize * width / height), resize)
    if size != image.size:
        image = image.resize(size, Image.Resampling.BILINEAR)
    left, top = round((size[0] - crop) / 2), round((size[1] - crop) / 2)
    return image.crop((left, top, left + crop, top + crop)).tobytes()


data, large = sys.argv[1:]
print(f"Pillow {PIL.__version__}")
for name, folder, resize, crop in [
    ("caltech101", f"{data}/101_ObjectCategories", 64, 64),
    ("imagenet10", f"{data}/imagenet10", 72, 64),
    ("500x375", large, 256, 224),
]:
    contents = files(folder)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        for content in contents:
            square(content, resize, crop)
        seconds.append(time.perf_counter() - start)
    best, median = min(seconds), sorted(seconds)[len(seconds) // 2]
    n = len(contents)
    print(f"{name}, resize {resize}, crop {crop}: {n / median:.0f} images/s (median of 10), {n / best:.0f} (best)")
