/** Encodes bytes in Base64 (RFC 4648, with padding), without copying the bytes first. */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
