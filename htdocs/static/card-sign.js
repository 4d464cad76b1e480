/* Texts of the page that are signed: those of [data-sign] in the form #card-signed, which is sent with what was signed. */
let signed = [];

function signedForm() {
  return document.getElementById("card-signed");
}

/* What is disabled was not chosen. */
function texts() {
  return [...signedForm().querySelectorAll("[data-sign]:not(:disabled)")].map((field) => field.value);
}

/* What the page asks the helper to do. */
export function orderOf(operation) {
  signed = [];
  if (operation === "open-code") {
    const { case: number, envelope } = document.getElementById("card-open").elements;
    return { operation, case: number.value, envelope: envelope.value };
  }
  if (operation === "login") {
    return { operation, text: texts()[0] };
  }
  return operation === "sign" ? { operation, texts: texts() } : { operation };
}

export function noteSigned(event) {
  signed[event.at - 1] = event.signed;
}

/* True if there was something to send. */
export function sendSigned() {
  const form = signedForm();
  if (!form || signed.length === 0) {
    return false;
  }
  form.querySelectorAll("input[name=signed]").forEach((field) => field.remove());
  signed.forEach((value) => {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "signed";
    field.value = value;
    form.append(field);
  });
  signed = [];
  form.requestSubmit();
  return true;
}
