"use strict";
{
    // Select2 names its search fields after their value alone. This names them after their label as well.
    const nameSearchFields = () => {
        for (const box of document.querySelectorAll(".select2-selection[role=combobox]")) {
            const list = box.closest(".select2")?.previousElementSibling;
            const label = list?.labels?.[0];
            const value = box.querySelector("[role=textbox]");
            if (!label || !value) {
                continue;
            }
            label.id ||= `${list.id}_label`;
            box.setAttribute("aria-labelledby", `${label.id} ${value.id}`);
            value.setAttribute("aria-labelledby", label.id);
        }
    };
    // jQuery may run what waits for the document after the window's load. This waits behind all of that.
    window.addEventListener("load", () => django.jQuery(nameSearchFields));

    // A row that is added takes the focus.
    document.addEventListener("formset:added", (event) => {
        event.target.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    });
}
