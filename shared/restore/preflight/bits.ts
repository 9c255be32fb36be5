/** A list of bits: for each archived resource, in order, whether the target has it. */
export class Bits {
  #bytes: Buffer
  #length = 0

  private constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  static empty(): Bits {
    return new Bits(Buffer.alloc(1024))
  }

  static decode(bytes: Buffer): Bits {
    const bits = new Bits(bytes)
    bits.#length = bytes.length * 8
    return bits
  }

  push(bit: boolean): void {
    const byte = this.#length >> 3
    if (byte === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#bytes.length)])
    if (bit) this.#bytes.writeUInt8(this.#bytes.readUInt8(byte) | (1 << (this.#length & 7)), byte)
    this.#length += 1
  }

  at(place: number): boolean {
    return (this.#bytes.readUInt8(place >> 3) & (1 << (place & 7))) !== 0
  }

  encode(): Buffer {
    return this.#bytes.subarray(0, (this.#length + 7) >> 3)
  }
}
