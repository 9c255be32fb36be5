import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PartsSha256, PartsSha256State, partsSha256OfOne } from '../../shared/values/parts-sha256.ts'

const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer')
const PARTS = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 8 })

describe('the checksum of the parts of an object', () => {
  it('is the SHA-256 of the SHA-256s of all parts, with their number, also if each pass adds one part', async () => {
    await fc.assert(
      fc.asyncProperty(PARTS, async (parts) => {
        let state: PartsSha256State | undefined
        for (const part of parts) {
          const checksum = await PartsSha256.resume(state)
          checksum.add(sha256(part))
          state = PartsSha256State.parse(JSON.parse(JSON.stringify(checksum.save())))
        }
        const checksum = await PartsSha256.resume(state)
        expect(checksum.count).toBe(parts.length)
        const whole = sha256(Buffer.concat(parts.map(sha256)))
        expect(checksum.digest()).toBe(`${whole.toString('base64')}-${parts.length}`)
      }),
    )
  })

  it('is computed from the SHA-256 of the object if the object has one part', async () => {
    const whole = sha256(Buffer.from('the only part'))
    const checksum = await PartsSha256.resume()
    checksum.add(whole)
    expect(partsSha256OfOne(whole.toString('hex'))).toBe(checksum.digest())
  })
})
