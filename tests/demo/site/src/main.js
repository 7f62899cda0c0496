import "./styles/main.css";

// The lightbox is loaded when somebody asks for a picture.
async function openLightbox(links, index) {
  const [{ default: PhotoSwipe }] = await Promise.all([
    import("photoswipe"),
    import("photoswipe/style.css"),
  ]);
  const slides = links.map((link) => {
    const image = link.querySelector("img");
    return {
      src: link.href,
      width: Number(image.getAttribute("width")) || image.naturalWidth,
      height: Number(image.getAttribute("height")) || image.naturalHeight,
      alt: image.alt,
    };
  });
  new PhotoSwipe({ dataSource: slides, index, bgOpacity: 0.92 }).init();
}

const links = [...document.querySelectorAll("a.photo")];
links.forEach((link, index) => {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    openLightbox(links, index);
  });
});
