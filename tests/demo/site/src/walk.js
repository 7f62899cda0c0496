import SunCalc from "suncalc";
import "./main.js";
import { drawProfile } from "./profile.js";

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "Europe/Madrid",
});

for (const place of document.querySelectorAll("[data-sun]")) {
  const [latitude, longitude] = place.dataset.sun.split(",").map(Number);
  const { sunrise, sunset } = SunCalc.getTimes(new Date(), latitude, longitude);
  place.textContent = `Up here the sun rises at ${clock.format(sunrise)} today and sets at ${clock.format(sunset)}.`;
}

for (const figure of document.querySelectorAll("[data-profile]")) {
  drawProfile(figure, JSON.parse(figure.dataset.profile));
}
