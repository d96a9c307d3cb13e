"use strict";
{
    // Select2 names its search fields after their value alone. This names them after their label as well.
    const name = () => {
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
    window.addEventListener("load", name);

    // A row that is added gets its search fields, and the focus.
    document.addEventListener("formset:added", (event) => {
        django.jQuery(event.target).find(".unfold-admin-autocomplete").djangoCustomSelect2?.();
        name();
        event.target.querySelector("input:not([type=hidden]), select, textarea")?.focus();
    });
}
