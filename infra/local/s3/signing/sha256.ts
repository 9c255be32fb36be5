import { createHash, createHmac } from 'node:crypto'

/** Implements the hash interface of `@smithy/signature-v4`: SHA-256 or, with a secret, HMAC-SHA-256. */
export class Sha256 {
  readonly #hash: ReturnType<typeof createHash | typeof createHmac>

  constructor(secret?: Bytes) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBuffer(secret))
  }

  update(bytes: Bytes): void {
    this.#hash.update(toBuffer(bytes))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
}

type Bytes = string | ArrayBuffer | ArrayBufferView

function toBuffer(bytes: Bytes): string | Uint8Array {
  if (typeof bytes === 'string') return bytes
  return ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes)
}
