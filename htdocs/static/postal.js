/* County → district without a round trip. Without this script, or when it fails, the button beside the county does
 * the same. */
(function () {
  "use strict";
  var form = document.querySelector("form[data-postal]");
  var known = {};

  function fill(district, rows, prompt) {
    var i, option;
    prompt.textContent = rows.length > 0 ? district.dataset.prompt : district.dataset.first;
    district.textContent = "";
    district.appendChild(prompt);
    for (i = 0; i < rows.length; i++) {
      option = document.createElement("option");
      option.value = rows[i].value;
      option.textContent = rows[i].label;
      district.appendChild(option);
    }
    district.selectedIndex = 0;
  }

  function districtsOf(county) {
    if (county === "") {
      return Promise.resolve([]);
    }
    if (known[county]) {
      return Promise.resolve(known[county]);
    }
    return fetch(form.dataset.postal + "?county=" + encodeURIComponent(county), {
      headers: { Accept: "application/json" }
    }).then(function (answer) {
      if (!answer.ok) {
        throw new Error("districts: " + answer.status);
      }
      return answer.json();
    }).then(function (data) {
      known[county] = data.districts;
      return data.districts;
    });
  }

  function watch(group) {
    var county = group.querySelector("[data-county]");
    var district = group.querySelector("[data-district]");
    var button = group.querySelector("[data-choose]");

    button.hidden = true;
    county.addEventListener("change", function () {
      var wanted = county.value;
      districtsOf(wanted).then(function (rows) {
        if (county.value === wanted) {
          fill(district, rows, district.options[0]);
        }
      }).catch(function () {
        button.hidden = false;
      });
    });
  }

  function followSameAddress() {
    var same = document.getElementById("same_address");
    var contact = document.querySelector('[data-address="contact"]');

    function show() {
      contact.disabled = same.checked;
      contact.hidden = same.checked;
    }
    if (same && contact) {
      same.addEventListener("change", show);
      show();
    }
  }

  if (form && window.fetch) {
    Array.prototype.forEach.call(form.querySelectorAll("[data-address]"), watch);
    followSameAddress();
  }
})();
