/* The contact's form on the page for it: filled in from what the card's owner may read, sent as a change. */
const form = document.getElementById("card-contact");
const NAMES = ["name", "title", "email", "county", "district", "street", "phone", "fax", "notices"];
const shown = {};

function field(name) {
  return form.elements[name] || form.elements["contact_" + name];
}

/* T_CONTACT_EMAIL of the helper is "email" of the form. */
export function noteContact(event) {
  shown[event.id.slice("T_CONTACT_".length).toLowerCase()] = event.value;
}

function whenDistricts(select, value, left = 50) {
  select.value = value;
  if (select.value !== value && left > 0) {
    setTimeout(() => whenDistricts(select, value, left - 1), 100);
  }
}

export function openContact() {
  NAMES.forEach((name) => {
    if (name !== "district") {
      field(name).value = shown[name] || (name === "notices" ? "all" : "");
    }
  });
  field("county").dispatchEvent(new Event("change"));
  whenDistricts(field("district"), shown.district || "");
  form.hidden = false;
  form.elements.name.focus();
}

export function closeContact() {
  if (form) {
    form.hidden = true;
  }
}

/* The postal code follows from county and district. */
export function onContact(send) {
  if (!form) {
    return;
  }
  form.addEventListener("submit", (event) => {
    const contact = { zip: "" };
    event.preventDefault();
    NAMES.forEach((name) => {
      contact[name] = field(name).value.trim();
    });
    form.hidden = true;
    send({ operation: "contact-change", contact });
  });
}
