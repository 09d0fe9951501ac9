/** The build of MapLibre for a strict content-security policy: its worker is a file, not a blob. */
declare module "maplibre-gl/dist/maplibre-gl-csp.js" {
  import * as maplibre from "maplibre-gl";
  export default maplibre;
}
