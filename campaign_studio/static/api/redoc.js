// Redoc would load a picture from a host of its makers. It removes a picture that can't be loaded by itself.
{
  const image = HTMLImageElement.prototype;
  const { setAttribute } = image;
  const source = Object.getOwnPropertyDescriptor(image, "src");

  const own = (address) => {
    const { origin, protocol } = new URL(address, document.baseURI);
    return protocol.startsWith("http") && origin !== window.location.origin ? "" : address;
  };

  // React sets both.
  image.setAttribute = function set(name, value) {
    setAttribute.call(this, name, name === "src" ? own(value) : value);
  };
  Object.defineProperty(image, "src", {
    ...source,
    set(value) {
      source.set.call(this, own(value));
    },
  });
}
