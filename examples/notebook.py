"""A network of one's own inside a program: what a notebook or a test does.

python examples/notebook.py
"""

import numpy as np

import surge


def spectrum(frequency: float) -> float:
    """The strongest frequency of a noisy wave, in Hz."""
    times = np.linspace(0, 4, 1024)
    wave = np.sin(2 * np.pi * frequency * times) + np.random.default_rng(7).normal(0, 0.4, times.size)
    strengths = np.abs(np.fft.rfft(wave - wave.mean()))
    return float(np.fft.rfftfreq(times.size, times[1] - times[0])[strengths.argmax()])


if __name__ == "__main__":
    with surge.LocalNetwork(providers=2) as network:
        with network.executor(max_workers=2, budget="1.00") as executor:
            for wanted, found in zip(range(5, 50, 5), executor.map(spectrum, range(5, 50, 5)), strict=True):
                print(f"{wanted:>3} Hz came back as {found:.2f} Hz")
        print(executor.report())
