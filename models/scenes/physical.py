"""The same scenes drawn by a path tracer: Mitsuba 3, an optional extra, looks more like a photograph and takes longer.

Only the light differs. The truth is measured on the drawing of `models.scenes.render`, whose camera and shapes are
the same, and the effects of glass, lens and sensor are the same too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.contract.errors import FacingsError
from models.scenes.arrays import Floats, to_linear
from models.scenes.denoise import guided
from models.scenes.effects import Effects, develop, foreground
from models.scenes.fittings import Fitting, fittings, room_light
from models.scenes.meshes import Surface, join, package_mesh
from models.scenes.render import Drawing, draw, observe
from models.scenes.skin import CLEAR, GLOSS, METAL, SCALE

if TYPE_CHECKING:
    from models.scenes.arrays import Picture
    from models.scenes.camera import Camera
    from models.scenes.products import Product
    from models.scenes.scene import Scene
    from models.scenes.truth import Truth

DEPTH = 9  # bounces: through a bottle and back takes four
_WATER = 1.34
_SEEN_THROUGH = 0.7  # shadow rays end at a bottle, so some of its clearness is given to light that it scatters
_BRIGHTEST = 4.0  # beyond it a pixel is white whatever else
_PASSES = 4  # the picture is traced in parts, so that a stray bright path in one of them can be told
_MOST_WIDENING = 2.2  # a bent lens is read off a straight picture at most this much larger


def mitsuba() -> Any:
    """The library, set to its scalar variant.

    Raises:
        FacingsError: it is not installed.
    """
    try:
        library: Any = importlib.import_module("mitsuba")
    except ImportError as error:
        raise FacingsError("the physical renderer needs Mitsuba 3.9", "pip install 'facings[render]'") from error
    library.set_variant("scalar_rgb")
    return library


def ink(picture: Picture) -> Floats:
    """Reflectance (linear BGR) of printed colours: no ink is as pure or as bright as a screen's."""
    linear = to_linear(picture)
    grey = linear.mean(axis=2, keepdims=True)
    faded: Floats = 0.02 + 0.84 * (linear + 0.1 * (grey - linear))
    return faded


class _Stage:
    """Scene parts in Mitsuba's terms."""

    def __init__(self, library: Any) -> None:
        self.mi = library

    def shape(self, surface: Surface, bsdf: Any, emitter: Any = None) -> Any:
        """A mesh; texture rows count from the top, so v is turned."""
        props = self.mi.Properties()
        props["bsdf"] = bsdf
        if emitter is not None:
            props["emitter"] = emitter
        mesh = self.mi.Mesh("part", len(surface.vertices), len(surface.faces), props, True, True)
        values = self.mi.traverse(mesh)
        values["vertex_positions"] = surface.vertices.ravel()
        values["vertex_normals"] = surface.normals.ravel()
        values["vertex_texcoords"] = np.stack([surface.uv[:, 0], 1 - surface.uv[:, 1]], axis=1).ravel()
        values["faces"] = surface.faces.astype(np.uint32).ravel()
        values.update()
        return mesh

    def picture(self, bgr: Floats) -> dict[str, Any]:
        """A texture of linear BGR (h x w x 3) or of plain numbers (h x w)."""
        values = bgr[..., None] if bgr.ndim == 2 else bgr[..., ::-1]
        bitmap = self.mi.Bitmap(np.ascontiguousarray(values, np.float32))
        return {"type": "bitmap", "bitmap": bitmap, "raw": True, "wrap_mode": "clamp" if bgr.ndim == 2 else "repeat"}

    def heights(self, table: Floats) -> dict[str, Any]:
        """A texture from a table that runs from the bottom up."""
        return self.picture(np.repeat(table[::-1, None], 2, axis=1))

    def product(self, product: Product, mm_per_pixel: float) -> Any:
        """A shape group of one product, its print no finer than the pixels."""
        mesh, skin = package_mesh(product.package), product.skin
        print_ = ink(skin.around)
        shrink = min(1.0, 1.6 / (mm_per_pixel * SCALE))
        print_ = cv2.resize(print_, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        body: dict[str, Any] = {
            "type": "principled",
            "base_color": self.picture(print_),
            "metallic": self.heights(skin.material[:, METAL]),
            "roughness": self.heights(0.55 - 0.43 * skin.material[:, GLOSS]),
            "specular": 0.5,
        }
        clear = skin.material[:, CLEAR]
        if clear.max() > 0.1:
            tinge = np.clip(print_ / np.maximum(print_.max(axis=2, keepdims=True), 1e-3), 0, 1) ** 0.4
            water = {"type": "dielectric", "int_ior": _WATER, "specular_transmittance": self.picture(tinge)}
            solid = {"type": "twosided", "inner": body}
            body = {"type": "blendbsdf", "weight": self.heights(_SEEN_THROUGH * clear), "solid": solid, "water": water}
        metal = 0.9 if product.package.kind == "can" else 0.0
        lid = {
            "type": "principled",
            "base_color": self.picture(ink(skin.top)),
            "metallic": metal,
            "roughness": 0.3,
        }
        bsdf = self.mi.load_dict(body)
        base = Surface(mesh.base.vertices, mesh.base.normals, mesh.base.uv * (1, 0), mesh.base.faces)
        return self.mi.load_dict(
            {
                "type": "shapegroup",
                "skin": self.shape(join([mesh.skin, base]), bsdf),
                "top": self.shape(mesh.top, self.mi.load_dict({"type": "twosided", "inner": lid})),
            }
        )

    def fitting(self, part: Fitting) -> Any:
        """A part of the fixture: painted, printed or shining."""
        if isinstance(part.colour, np.ndarray):
            colour = self.picture(part.colour)
        else:
            colour = {"type": "rgb", "value": [float(v) for v in part.colour[::-1]]}
        if part.shines:
            emitter = self.mi.load_dict({"type": "area", "radiance": colour, "sampling_weight": part.weight})
            return self.shape(part.surface, self.mi.load_dict({"type": "diffuse", "reflectance": 0.2}), emitter)
        kind = {"type": "roughplastic", "diffuse_reflectance": colour, "alpha": 0.25, "nonlinear": True}
        if part.dull:
            kind = {"type": "diffuse", "reflectance": colour}
        return self.shape(part.surface, self.mi.load_dict({"type": "twosided", "inner": kind}))


def straight_view(camera: Camera) -> tuple[int, int, float, Floats, Floats]:
    """A picture without lens that covers the camera's: columns, rows, focal length, and where each pixel reads it."""
    local = camera.rays() @ camera.axes().T
    x, y = local[..., 0] / local[..., 2], local[..., 1] / local[..., 2]
    widest = max(float(np.abs(x).max()) * 2 / camera.width, float(np.abs(y).max()) * 2 / camera.height)
    focal = min(camera.focal(), _MOST_WIDENING / widest)
    columns, rows = (int(np.ceil(2 * np.abs(a).max() * focal + 1 - 1e-3)) for a in (x, y))
    return (
        columns,
        rows,
        focal,
        (x * focal + columns / 2 - 0.5).astype(np.float32),
        (y * focal + rows / 2 - 0.5).astype(np.float32),
    )


def _merged(parts: list[Floats]) -> Floats:
    """The mean of several pictures of the same thing, each held below twice and a bit what the others agree on."""
    stack = np.stack(parts)
    usual = np.median(stack, axis=0)
    around = cv2.GaussianBlur(usual.astype(np.float32), (0, 0), 1.5)
    mean: Floats = np.minimum(stack, 2.5 * np.maximum(usual, around) + 0.02).mean(axis=0).astype(np.float32)
    return mean


def trace_light(scene: Scene, camera: Camera, *, samples: int, seed: int) -> Floats:
    """Linear light (camera.height x camera.width x 3, BGR) of a scene, in the path tracer's own unit.

    Raises:
        FacingsError: Mitsuba is not installed.
    """
    mi = mitsuba()
    stage = _Stage(mi)
    columns, rows, focal, map_x, map_y = straight_view(camera)
    eye, (_, down, forward) = np.array(camera.eye), camera.axes()
    frame = mi.ScalarTransform4f().look_at(origin=eye.tolist(), target=(eye + forward).tolist(), up=(-down).tolist())
    content: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": DEPTH, "rr_depth": 5},
        "sensor": {
            "type": "perspective",
            "fov_axis": "x",
            "fov": float(np.degrees(2 * np.arctan(columns / 2 / focal))),
            "to_world": frame,
            "near_clip": 10.0,
            "far_clip": 1e5,
            "film": {"type": "hdrfilm", "width": columns, "height": rows, "pixel_format": "rgb"},
            "sampler": {"type": "independent"},
        },
        "room": {
            "type": "envmap",
            "bitmap": mi.Bitmap(np.ascontiguousarray(room_light(scene, camera)[..., ::-1])),
            "to_world": mi.ScalarTransform4f(),
        },
    }
    for number, part in enumerate(fittings(scene)):
        content[f"fitting{number}"] = stage.fitting(part)
    groups: dict[int, Any] = {}
    away = float(np.linalg.norm(eye - np.array(camera.target)))
    for number, unit in enumerate(scene.units):
        if unit.product.seed not in groups:
            groups[unit.product.seed] = stage.product(unit.product, away / focal)
            content[f"group{unit.product.seed}"] = groups[unit.product.seed]
        place = mi.ScalarTransform4f().translate(list(unit.base)).rotate([0, 1, 0], float(np.degrees(unit.yaw)))
        content[f"unit{number}"] = {"type": "instance", "group": groups[unit.product.seed], "to_world": place}
    stage_scene = mi.load_dict(content)
    share = max(1, round(samples / _PASSES))
    parts = [np.array(mi.render(stage_scene, spp=share, seed=seed * _PASSES + k)) for k in range(_PASSES)]
    light = _merged([np.asarray(part, np.float32)[..., ::-1] for part in parts])
    return np.asarray(cv2.remap(light, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _resized(drawing: Drawing, light: Floats) -> Floats:
    return np.asarray(
        cv2.resize(drawing.light, (light.shape[1], light.shape[0]), interpolation=cv2.INTER_AREA), np.float32
    )


def exposed(light: Floats, drawing: Drawing) -> Floats:
    """Bring traced light (h x w x 3) to the brightness at which the fast renderer shows the same goods."""
    size = (light.shape[1], light.shape[0])
    goods = cv2.resize((drawing.ids >= 0).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    if not goods.any():
        goods = np.ones_like(goods)
    wanted, found = np.minimum(_resized(drawing, light)[goods], 2).mean(), np.minimum(light[goods], 2).mean()
    return np.asarray(light * (wanted / max(found, 1e-6)), np.float32)


def denoised(light: Floats, drawing: Drawing) -> Floats:
    """Smooth traced light where the fast renderer's noiseless drawing is smooth; on square roots, as eyes see noise."""
    tone, guide = (np.sqrt(np.clip(values, 0, _BRIGHTEST)) for values in (light, _resized(drawing, light)))
    smooth = guided(tone, guide, radius=5, epsilon=4e-4)
    return np.asarray(np.maximum(smooth, 0) ** 2, np.float32)


def render_physically(
    scene: Scene, camera: Camera, effects: Effects, seed: int, *, samples: int = 16
) -> tuple[Picture, Truth]:
    """Take a picture of a scene by tracing paths of light, `samples` a pixel; the truth is the fast renderer's.

    Raises:
        FacingsError: Mitsuba is not installed.
    """
    light = trace_light(scene, camera, samples=samples, seed=seed)
    drawing = draw(scene, camera, supersample=1.5)
    layer = foreground(effects, camera, scene.fixture, scene.lighting)
    truth = observe(scene, camera, drawing, layer.cover)
    return develop(denoised(exposed(light, drawing), drawing), layer, effects, seed), truth
