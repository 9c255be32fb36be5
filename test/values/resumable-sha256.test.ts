import fc from 'fast-check'
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ResumableSha256 } from '../../shared/values/resumable-sha256.ts'

describe('a resumable SHA-256', () => {
  it('has the digest of all bytes, wherever it is saved and resumed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async (pieces) => {
        let state: string | undefined
        for (const piece of pieces) {
          const resumed = await ResumableSha256.resume(state)
          resumed.update(piece)
          state = resumed.save()
        }
        expect((await ResumableSha256.resume(state)).digest()).toBe(hash('sha256', Buffer.concat(pieces)))
      }),
    )
  })
})
