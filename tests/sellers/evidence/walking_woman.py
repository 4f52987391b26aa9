"""Where a woman's face is in the clip with the assistant, while she walks towards the camera; and what a cascade makes of it."""

import cv2
import numpy as np

SECONDS = (6.0, 8.0, 10.0, 12.0, 14.0)
FACE_X = (120.0, 143.0, 148.0, 148.0, 146.0)
FACE_Y = (116.0, 136.0, 160.0, 192.0, 239.0)
AROUND_PX = 32
NEAR_PX = 12


def is_there(time_s):
    return SECONDS[0] <= time_s <= SECONDS[-1]


def shows_face(image, time_s):
    """Whether a cascade finds a face where hers is; elsewhere, it takes folds and railings for faces."""
    x, y = np.interp(time_s, SECONDS, FACE_X), np.interp(time_s, SECONDS, FACE_Y)
    left, upper = (max(0, round(middle) - AROUND_PX) for middle in (x, y))
    part = image[upper : round(y) + AROUND_PX, left : round(x) + AROUND_PX]
    large = cv2.resize(cv2.cvtColor(part, cv2.COLOR_BGR2GRAY), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    found = np.array(cascade.detectMultiScale(large, 1.05, 4, minSize=(40, 40), maxSize=(90, 90))).reshape(-1, 4) / 4
    away = np.linalg.norm(found[:, :2] + found[:, 2:] / 2 + (left, upper) - (x, y), axis=1)
    return bool((away < NEAR_PX).any())
