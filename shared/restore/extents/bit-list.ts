/**
 * A growing list of bits. A restore keeps one bit for each archived resource, in the order of the archive. The bit is 1
 * if the target has the resource.
 */
export class BitList {
  #bytes: Buffer
  #length = 0

  private constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  static empty(): BitList {
    return new BitList(Buffer.alloc(1024))
  }

  /** Decodes the result of `encode`. The decoded list may have up to 7 additional bits at its end, which are 0. */
  static decode(bytes: Buffer): BitList {
    const bits = new BitList(bytes)
    bits.#length = bytes.length * 8
    return bits
  }

  push(bit: boolean): void {
    const byte = this.#length >> 3
    if (byte === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)])
    if (bit) this.#bytes.writeUInt8(this.#bytes.readUInt8(byte) | (1 << (this.#length & 7)), byte)
    this.#length += 1
  }

  /** The number of bits. */
  get length(): number {
    return this.#length
  }

  /** Removes all bits after the first `length` bits. */
  truncate(length: number): void {
    const bytes = (length + 7) >> 3
    this.#bytes.fill(0, bytes)
    if ((length & 7) > 0)
      this.#bytes.writeUInt8(this.#bytes.readUInt8(bytes - 1) & ((1 << (length & 7)) - 1), bytes - 1)
    this.#length = length
  }

  /** Returns the bit at `index`. Throws `RangeError` if the list is shorter. */
  at(index: number): boolean {
    if (index >= this.#length) throw new RangeError(`there is no bit ${index}; the list has ${this.#length} bits`)
    return (this.#bytes.readUInt8(index >> 3) & (1 << (index & 7))) !== 0
  }

  /** Returns the bits as bytes. The first bit of the list is the lowest bit of the first byte. */
  encode(): Buffer {
    return this.#bytes.subarray(0, (this.#length + 7) >> 3)
  }
}
