"""An inspection drone in two variants, as the two files its engineers keep: items, and what each is made of."""

from collections import Counter
from decimal import Decimal

VISUAL, THERMAL = "SKY-V", "SKY-T"

STRUCTURE: dict[str, str] = {
    VISUAL: "AIRFRAME 1, POWER* 1, AVIONICS 1, PAYLOAD-RGB 1, LANDING* 1, PROP-CW 2, PROP-CCW 2, LABEL-SET 1,"
    " CASE 1, FASTENER-KIT* 1",
    THERMAL: "AIRFRAME 1, POWER* 1, AVIONICS 1, PAYLOAD-IR 1, LANDING* 1, PROP-CW 2, PROP-CCW 2, LABEL-SET 1,"
    " CASE 1, FASTENER-KIT* 1",
    "AIRFRAME": "FRAME-TOP 1, FRAME-BOTTOM 1, ARM 4, STANDOFF-30 8, BOLT-M3X8 16, THREADLOCK 0.002, CANOPY 1,"
    " GASKET 1",
    "ARM": "TUBE-16 0.25, MOTOR-UNIT 1, ARM-CLAMP 2, ARM-CAP 1, BOLT-M3X8 4, WIRE-14AWG 0.9, LED-NAV 1,"
    " HEATSHRINK 0.1",
    "MOTOR-UNIT": "STATOR 1, BELL 1, BEARING-694 2, CIRCLIP 1, SHAFT 1, ESC-30 1, BOLT-M2X6 4, THERMAL-PAD 1",
    "AVIONICS": "FC-STACK 1, GPS-MAST 1, RADIO 1, REMOTE-ID 1, TRAY 1, DAMPER 4, BOLT-M3X8 4, CABLE-GPS 1,"
    " CABLE-RC 1",
    "FC-STACK": "FC-BOARD 1, POWER-BOARD 1, IMU 2, BARO 1, STANDOFF-M3 4, NUT-M3 4, SDCARD 1",
    "GPS-MAST": "GPS 1, COMPASS 1, MAST-TUBE 1, MAST-BASE 1, BOLT-M2X6 4",
    "POWER": "BATTERY-6S 1, XT90 1, POWER-LEAD 1, BATTERY-STRAP 2, FUSE-60A 1",
    "PAYLOAD-RGB": "GIMBAL 1, CAMERA-RGB 1, LENS-25 1, PAYLOAD-CABLE 1",
    "PAYLOAD-IR": "GIMBAL 1, CAMERA-IR 1, LENS-GE 1, PAYLOAD-CABLE 1, SHUTTER 1",
    "GIMBAL": "GIMBAL-MOTOR 3, GIMBAL-FRAME 1, GIMBAL-BOARD 1, IMU 1, DAMPER 4, BOLT-M2X6 12, BEARING-694 3",
    "LANDING": "LEG 2, FOOT 4, BOLT-M3X8 8, LEG-BRACE 2",
    "FASTENER-KIT": "WASHER-M3 30, NUT-M3 12, ZIP-TIE 20",
}
"""Component and quantity; a star marks what is no stock item in between but taken apart in its place."""

UNITS = {"TUBE-16": "m", "WIRE-14AWG": "m", "HEATSHRINK": "m", "THREADLOCK": "l"}
WAVES = (("MOTOR-UNIT", "FC-STACK", "GPS-MAST", "GIMBAL"), ("ARM", "AVIONICS", "PAYLOAD-RGB"), ("AIRFRAME",))
"""Sub-assemblies in the order in which they can be built."""
BATTERY, BOLT = "BATTERY-6S", "BOLT-M3X8"

Line = tuple[str, Decimal, bool]


def lines(product: str) -> list[Line]:
    """Component, quantity, and whether it is a phantom."""
    found = []
    for part in STRUCTURE[product].split(","):
        code, quantity = part.split()
        found.append((code.rstrip("*"), Decimal(quantity), code.endswith("*")))
    return found


def parts() -> list[str]:
    """Every code once, products first."""
    return list(dict.fromkeys([*STRUCTURE, *(code for made in STRUCTURE for code, _, _ in lines(made))]))


def bought() -> list[str]:
    return [code for code in parts() if code not in STRUCTURE]


def depth(product: str) -> int:
    """Levels below the product."""
    return 1 + max(depth(code) for code, _, _ in lines(product)) if product in STRUCTURE else 0


def needs(product: str, quantity: Decimal = Decimal(1)) -> Counter[str]:
    """What goes into it on all levels, path by path: the slow way that the explosion is compared with."""
    total: Counter[str] = Counter()
    for code, each, _ in lines(product) if product in STRUCTURE else ():
        total[code] += each * quantity  # type: ignore[assignment]
        total.update(needs(code, each * quantity))
    return total


def items_csv() -> str:
    rows = ["code,name,item_type,uom,tracking,lead_time_days,standard_cost"]
    for code in parts():
        name = code.replace("-", " ").capitalize()
        if code in (VISUAL, THERMAL):
            rows.append(f"{code},Inspection drone {name},FINISHED,pcs,SERIAL,5,")
        elif code in STRUCTURE:
            rows.append(f"{code},{name},WIP,pcs,NONE,2,")
        else:
            tracking = "SERIAL" if code == BATTERY else "NONE"
            rows.append(f"{code},{name},RAW,{UNITS.get(code, 'pcs')},{tracking},10,1.50")
    return "\n".join(rows) + "\n"


def lines_csv() -> str:
    rows = ["product_code,component_code,qty_needed,is_phantom,position"]
    for product in STRUCTURE:
        for position, (code, quantity, phantom) in enumerate(lines(product), 1):
            rows.append(f"{product},{code},{quantity},{str(phantom).lower()},{position * 10}")
    return "\n".join(rows) + "\n"
