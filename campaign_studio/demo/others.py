"""The other campaigns: paused, planned, ended, expired, and one without an advertiser.

Dates are relative to today, so that some campaigns always run. `{pictures}` in a URL is where the pictures are served.
"""

from campaign_studio.demo.shapes import (
    AFTERNOON,
    BERLIN,
    EVENING,
    GERMANY,
    LATE,
    LONDON,
    MORNING,
    RIO,
    VIENNA,
    Creative,
    Flight,
    Target,
)

OTHERS = [
    Flight(
        "Green light for beginners",
        "Fahrschule Hofer",
        "mara",
        "paused",
        (-15, 100, None),
        "Paused while the instructor is on holiday.",
        targets=[VIENNA],
        ads=[Creative("Start on Monday", "bottom_left_ad", "image", "{pictures}/hofer-bottom.png", status="paused")],
    ),
    Flight(
        "City Lights Week",
        "Blickfang Media",
        "felix",
        "active",
        (0, 14, 21),
        "Museums open until midnight.",
        (None, None, 15_000),
        [BERLIN],
        [
            Creative(
                "Your city, your screen", "top_bar_ad", "image", "{pictures}/blickfang-top.png", slots=[EVENING, LATE]
            ),
            Creative(
                "Open until midnight",
                "center_left_content_ad",
                "image",
                "{pictures}/blickfang-centre.png",
                slots=[EVENING, LATE],
            ),
            Creative(
                "Breakfast at the museum",
                "bottom_right_ad",
                "text",
                "Breakfast among the sculptures, from eight.",
                slots=[MORNING],
            ),
            Creative(
                "After-hours comics",
                "center_right_content_ad",
                "html",
                "<h2>Ink &amp; Noise</h2><p>A late show for grown-ups.</p>",
                rating=("ESRB", "AO"),
                warnings=["Graphic Violence", "Strong Profanity", "Use of Tobacco"],
                status="draft",
                review="rejected",
                note="Not for car screens: children are in the back seat.",
            ),
        ],
    ),
    Flight(
        "Spring collection preview",
        "Blickfang Media",
        "felix",
        "draft",
        (45, 120, None),
        "Waiting for the pictures.",
        targets=[GERMANY],
        ads=[
            Creative(
                "Teaser", "top_bar_ad", "text", "Something green is coming.", status="draft", rating=None, review=None
            )
        ],
    ),
    Flight("Summer roof boxes", "Nordlicht Motors", "mara", "draft", (120, 200, 220), "Only a name so far."),
    Flight(
        "Ski shuttle",
        "Fahrschule Hofer",
        "mara",
        "active",
        (20, 110, 130),
        "Booked ahead: starts in three weeks.",
        targets=[Target("Alps", "AT", ["Innsbruck", "Salzburg"], ["6020", "5020"]), Target("Alps", "CH", ["Zürich"])],
        ads=[
            Creative(
                "To the slopes", "bottom_center_ad", "text", "Leave the car, take the shuttle.", rating=("MPAA", "G")
            )
        ],
    ),
    Flight(
        "Autumn check",
        "Thames Tyres",
        "felix",
        "inactive",
        (-100, -10, 20),
        "Over; may be revived for another three weeks.",
        targets=[LONDON],
        ads=[
            Creative(
                "Free tread check", "bottom_right_ad", "text", "Tread check: five minutes, free.", status="inactive"
            )
        ],
    ),
    Flight(
        "Holiday traffic",
        "Rádio Ipanema",
        "felix",
        "expired",
        (-300, -200, -180),
        "Long over.",
        targets=[RIO],
        ads=[Creative("Beach traffic", "top_bar_ad", "text", "Avenida Atlântica: 40 minutes.", status="expired")],
    ),
    Flight("Hybrid farewell", "Nordlicht Motors", "mara", "expired", (-400, -250, None), "The last petrol model."),
    Flight(
        "Seat belts save lives",
        None,
        "mara",
        "active",
        (-200, 400, None),
        "A public service campaign without an advertiser.",
        targets=[Target("Europe", country) for country in ("DE", "FR", "GB", "AT")],
        ads=[
            Creative(
                "Click",
                "bottom_center_ad",
                "text",
                "Click. Everybody?",
                rating=("MPAA", "NC-17"),
                warnings=["Abuse"],
                review=None,
            ),
        ],
    ),
    Flight(
        "Children’s hour",
        "Blickfang Media",
        "felix",
        "active",
        (-8, 150, None),
        "For the back seat.",
        (30, "minutes", 40_000),
        [Target("Europe", "DE"), Target("Europe", "FR")],
        [
            Creative(
                "The fox and the radio",
                "center_left_content_ad",
                "video",
                "https://cdn.example.com/kids/fox.mp4",
                rating=("ESRB", "E"),
                warnings=["Cartoon Violence", "Fantasy Violence"],
                slots=[AFTERNOON],
                seconds=45,
            ),
        ],
    ),
]
