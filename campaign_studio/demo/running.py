"""The campaigns that are running now.

Dates are relative to today. `{pictures}` in a URL is where the pictures are served.
"""

from datetime import time

from ads.time_slots import Slot
from campaign_studio.demo.shapes import (
    CALIFORNIA,
    COMMUTE,
    EVENING,
    GERMANY,
    JAPAN,
    LONDON,
    LUNCH,
    MORNING,
    NIGHTLIFE,
    PARIS,
    RIO,
    Creative,
    Flight,
    Target,
)

RUNNING = [
    Flight(
        "Nordlicht: the quiet launch",
        "Nordlicht Motors",
        "mara",
        "active",
        (-30, 335, 365),
        "The electric estate with 610 km of range. Six positions, rush hours first.",
        (120, "hours", 500_000),
        [GERMANY, Target("Northern Europe", "SE", ["Stockholm", "Göteborg"])],
        [
            Creative("Northern light", "top_bar_ad", "image", "{pictures}/nordlicht-top.png", slots=[MORNING, EVENING]),
            Creative("610 km of quiet", "center_right_content_ad", "image", "{pictures}/nordlicht-centre.png"),
            Creative("Book a test drive", "bottom_left_ad", "text", "Test drive today? Say “Nordlicht” to your car."),
            Creative(
                "Range in winter",
                "center_left_content_ad",
                "html",
                "<h2>610 km</h2><p>… and 540 km at −10 °C. <strong>Measured, not promised.</strong></p>",
                rating=("ESRB", "E"),
            ),
            Creative(
                "Dealers near you", "bottom_center_ad", "text", "14 dealers within 30 minutes.", slots=[MORNING, LUNCH]
            ),
            Creative(
                "Night drive",
                "bottom_right_ad",
                "image",
                "{pictures}/nordlicht-top.png",
                rating=("MPAA", "PG"),
                warnings=["Photosensitive Seizure Warning"],
                slots=[NIGHTLIFE],
            ),
        ],
    ),
    Flight(
        "Breakfast on the boulevard",
        "Café Boulevard",
        "mara",
        "active",
        (-12, 180, None),
        "Commuters into Paris, before nine.",
        (None, None, 80_000),
        [PARIS],
        [
            Creative("Paris wakes up", "top_bar_ad", "image", "{pictures}/boulevard-top.png", slots=[COMMUTE]),
            Creative(
                "Croissant and café", "bottom_left_ad", "image", "{pictures}/boulevard-bottom.png", slots=[MORNING]
            ),
            Creative(
                "Aperitif hour",
                "bottom_right_ad",
                "text",
                "Apéro from 18:00 – the passenger’s choice.",
                rating=("MPAA", "PG-13"),
                warnings=["Alcohol Reference", "Alcohol Consumption"],
                slots=[EVENING],
                review="rejected",
                note="No alcohol in front of the driver, please. Show the terrace instead.",
            ),
            Creative(
                "This week’s concerts",
                "center_left_content_ad",
                "events",
                "Thu 20:00 Jazz quartet · Sat 21:00 Chanson night · Sun 11:00 Matinée",
                review=None,
            ),
        ],
    ),
    Flight(
        "Winter grip",
        "Thames Tyres",
        "felix",
        "active",
        (-5, 90, 120),
        "Before the first frost.",
        (45, "minutes", 20_000),
        [LONDON, Target("British Isles", "GB")],
        [
            Creative("Rain is coming", "top_bar_ad", "image", "{pictures}/thames-top.png"),
            Creative(
                "4 for 3", "bottom_left_ad", "image", "{pictures}/thames-bottom.png", slots=[MORNING, LUNCH, EVENING]
            ),
            Creative(
                "Road conditions",
                "center_right_content_ad",
                "alerts",
                "Black ice on the A40 west of Oxford. Keep your distance.",
                rating=("ESRB", "E10+"),
            ),
        ],
    ),
    Flight(
        "Charge along the coast",
        "Sunset Charge",
        "felix",
        "active",
        (-60, 300, 330),
        "Every charger between San Diego and Santa Barbara.",
        (10, "days", None),
        [CALIFORNIA],
        [
            Creative(
                "34 cents",
                "top_bar_ad",
                "image",
                "{pictures}/sunset-top.png",
                slots=[Slot(time(6), time(10)), Slot(time(15), time(20))],
            ),
            Creative("20 minutes", "center_left_content_ad", "image", "{pictures}/sunset-centre.png"),
            Creative(
                "The drive-in film",
                "center_right_content_ad",
                "video",
                "https://cdn.example.com/sunset/drive-in.mp4",
                rating=("MPAA", "R"),
                warnings=["Intense Violence", "Strong Language"],
                slots=[Slot(time(20), time(0))],
                review=None,
                seconds=30,
            ),
            Creative("Queue at Malibu", "bottom_center_ad", "text", "2 of 8 chargers free at Malibu.", status="paused"),
        ],
    ),
    Flight(
        "Warm water, quiet mind",
        "Sakura Onsen",
        "mara",
        "active",
        (-3, 60, None),
        "Weekend guests from Tokyo and Yokohama.",
        (3600, "seconds", 9_000),
        [JAPAN],
        [
            Creative(
                "Hot springs ahead", "center_right_content_ad", "image", "{pictures}/sakura-centre.png", days=(0, 45)
            ),
            Creative(
                "Rooms for tonight", "bottom_right_ad", "image", "{pictures}/sakura-bottom.png", slots=[LUNCH, EVENING]
            ),
        ],
    ),
    Flight(
        "Samba on the road",
        "Rádio Ipanema",
        "felix",
        "active",
        (-20, 200, 230),
        "94.9 FM in every car in Rio.",
        (None, None, 250_000),
        [RIO],
        [
            Creative("Tune in now", "bottom_left_ad", "gif", "{pictures}/ipanema.gif", rating=("ESRB", "E")),
            Creative(
                "Traffic every 10 minutes",
                "bottom_center_ad",
                "image",
                "{pictures}/ipanema-bottom.png",
                slots=[MORNING, EVENING],
            ),
            Creative(
                "Headlines",
                "center_left_content_ad",
                "news_rss",
                "https://news.example.com/rio/traffic.rss",
                rating=("ESRB", "T"),
                warnings=["Mild Language"],
            ),
            Creative(
                "Breaking",
                "center_right_content_ad",
                "breaking_news",
                "Maracanã: gates open at 18:30, car park C is full.",
                rating=("ESRB", "M"),
                warnings=["Gambling Content"],
                review=None,
            ),
        ],
    ),
]
