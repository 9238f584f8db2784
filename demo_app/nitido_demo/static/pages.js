// The app's pages; a new one is a module in pages/ and a line here.

export const PAGES = [
  { id: "gallery", title: "Gallery", icon: "grid", load: () => import("./pages/gallery.js") },
  { id: "photo", title: "Photo", within: "gallery", hidden: true, load: () => import("./pages/photo.js") },
  { id: "camera", title: "Camera", icon: "camera", load: () => import("./pages/camera.js") },
  { id: "brush", title: "Brush", icon: "brush", load: () => import("./pages/brush.js") },
  { id: "share", title: "Share", icon: "share", load: () => import("./pages/share.js") },
  { id: "live", title: "Live", icon: "live", load: () => import("./pages/live.js") },
  { id: "rate", title: "Rate", icon: "scales", load: () => import("./pages/rate.js") },
  { id: "device", title: "This device", icon: "phone", load: () => import("./pages/device.js") },
];
