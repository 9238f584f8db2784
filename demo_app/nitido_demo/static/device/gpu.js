// Whether this browser's GPU can run the models, and where not, why.

/** The reason in words, or "" where WebGPU is there; `anyway` takes one that is computed by the processor, too. */
export async function noGpu(anyway) {
  if (!self.isSecureContext) return "browsers have WebGPU only over HTTPS or on localhost";
  if (!navigator.gpu) return "this browser has no WebGPU";
  if (!WebAssembly.Suspending) return "this browser's WebAssembly cannot wait for a GPU (JSPI)";
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) return "WebGPU finds no GPU here";
  if (adapter.info.isFallbackAdapter && !anyway) return "WebGPU is computed by the processor here, which WebAssembly does faster";
  return "";
}
