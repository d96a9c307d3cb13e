// Redoc would load a picture from a host of its makers. It removes a picture that can't be loaded by itself.
const { setAttribute } = Element.prototype;

HTMLImageElement.prototype.setAttribute = function set(name, value) {
  const isForeign = name === "src" && new URL(value, document.baseURI).origin !== window.location.origin;
  setAttribute.call(this, name, isForeign ? "" : value);
};
