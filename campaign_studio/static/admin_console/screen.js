// The screen preview: moves through the day without reloading the page and fetches explanations. Its texts come from
// the data attributes of #screen, where {name} is a placeholder.
(() => {
    "use strict";

    const screen = document.getElementById("screen");
    if (!screen) return;

    // Each ad is named once. Positions have their numbers.
    const { ads: keys, quarters: plan } = JSON.parse(document.getElementById("plan").textContent);
    for (const positions of Object.values(plan))
        for (const shown of Object.values(positions)) shown.ads = shown.ads.map((number) => keys[number]);
    const slider = document.getElementById("quarter");
    const play = document.getElementById("play");
    const panel = document.getElementById("why");
    const positions = [...screen.querySelectorAll("[data-position]")];
    const LAST = 95;
    const PACE = 600;

    const clock = (quarter) =>
        `${String(Math.floor(quarter / 4)).padStart(2, "0")}:${String((quarter % 4) * 15).padStart(2, "0")}`;
    const template = (key) => document.querySelector(`template[data-creative="${CSS.escape(key)}"]`);
    const booked = (position, quarter) => plan[quarter][position.dataset.position] || { ads: [], of: 0 };

    const fill = (words, values) => words.replace(/\{(\w+)\}/g, (match, name) => values[name]);

    const addressOf = (quarter, about) => {
        const query = new URLSearchParams(screen.dataset.query);
        query.set("quarter", quarter);
        if (about) query.set("ad_type_id", about);
        return query;
    };

    // --- Ads on the screen ---

    // An ad that keeps showing isn't redrawn, so that a video doesn't start again.
    const draw = (position, key) => {
        const place = position.querySelector("[data-place]");
        const shown = place.querySelector("[data-ad]");
        if (key && shown && shown.dataset.ad === key) return;
        const source = key ? template(key) : document.getElementById("free");
        place.replaceChildren(source.content.cloneNode(true));
        position.classList.toggle("position-free", !key);
    };

    const turn = (position, step) => {
        const { ads, of } = booked(position, slider.value);
        const index = ads.length ? (Number(position.dataset.index || 0) + step + ads.length) % ads.length : 0;
        position.dataset.index = index;
        draw(position, ads[index]);
        const { rotation, nth, nthOfMore } = screen.dataset;
        const words = "bar" in position.dataset ? rotation : of > ads.length ? nthOfMore : nth;
        const text = fill(words, { number: index + 1, count: "bar" in position.dataset ? of : ads.length, total: of });
        position.querySelector("[data-turn]").textContent = of > 1 ? text : "";
        const pager = position.querySelector("[data-pager]");
        if (pager) pager.hidden = ads.length < 2;
    };

    const isHere = (quarter) =>
        positions.every((position) => booked(position, quarter).ads.every((key) => template(key) !== null));

    const show = (quarter) => {
        const query = addressOf(quarter, panel.hidden ? "" : panel.dataset.about);
        // The page contains a limited number of ads. It is reloaded for a time whose ads it doesn't contain.
        if (!isHere(quarter)) return window.location.assign(`${screen.dataset.address}?${query}`);
        for (const position of positions) {
            position.dataset.index = 0;
            turn(position, 0);
        }
        for (const element of document.querySelectorAll("[data-clock]")) element.textContent = clock(quarter);
        slider.setAttribute("aria-valuetext", clock(quarter));
        document.querySelector("[data-filled]").textContent = Object.keys(plan[quarter]).length;
    };

    // --- Explanations ---

    let asking = null;

    const explain = async (about, isAsked) => {
        if (asking) asking.abort();
        asking = new AbortController();
        panel.hidden = false;
        panel.dataset.about = about;
        panel.setAttribute("aria-busy", "true");
        for (const position of positions) position.classList.toggle("is-explained", position.dataset.position === about);
        try {
            const answer = await fetch(`${screen.dataset.why}?${addressOf(slider.value, about)}`, { signal: asking.signal });
            // The session has ended: reload the whole page, which leads to the sign-in page and back.
            if (answer.redirected) return window.location.reload();
            panel.innerHTML = await answer.text();
        } catch (error) {
            if (error.name === "AbortError") return;
            panel.textContent = screen.dataset.unreachable;
        }
        panel.removeAttribute("aria-busy");
        remember();
        const title = document.getElementById("why_title");
        if (isAsked && title) {
            title.focus({ preventScroll: true });
            panel.scrollIntoView({ block: "nearest", behavior: "smooth" });
        }
    };

    const remember = () => {
        const query = addressOf(slider.value, panel.hidden ? "" : panel.dataset.about);
        window.history.replaceState(null, "", `${screen.dataset.address}?${query}`);
    };

    // --- Controls ---

    const settle = () => {
        remember();
        if (!panel.hidden) explain(panel.dataset.about, false);
    };

    slider.addEventListener("input", () => show(Number(slider.value)));
    slider.addEventListener("change", settle);

    screen.addEventListener("click", (event) => {
        const button = event.target.closest("button");
        if (!button) return;
        const position = button.closest("[data-position]");
        if (button.dataset.step) turn(position, Number(button.dataset.step));
        if (button.name !== "ad_type_id") return;
        event.preventDefault();
        explain(button.value, true);
    });

    let ticking = null;

    const pause = () => {
        window.clearInterval(ticking);
        ticking = null;
        play.setAttribute("aria-pressed", "false");
        play.querySelector("span").textContent = "play_arrow";
        play.querySelector("span + span").textContent = screen.dataset.play;
        settle();
    };

    const go = () => {
        ticking = window.setInterval(() => {
            slider.value = Number(slider.value) === LAST ? 0 : Number(slider.value) + 1;
            show(Number(slider.value));
        }, PACE);
        play.setAttribute("aria-pressed", "true");
        play.querySelector("span").textContent = "pause";
        play.querySelector("span + span").textContent = screen.dataset.pause;
    };

    play.addEventListener("click", () => (ticking ? pause() : go()));
    slider.addEventListener("pointerdown", () => ticking && pause());

    play.hidden = false;
    // After going back to this page, the browser may restore another time than the one the page shows.
    slider.value = slider.defaultValue;
    for (const position of positions) turn(position, 0);
    if (!panel.hidden)
        for (const position of positions)
            position.classList.toggle("is-explained", position.dataset.position === panel.dataset.about);
})();
