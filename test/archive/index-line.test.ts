import { expect, it } from 'vitest'
import { IndexLineSchema } from '../../shared/archive/index-line.ts'

const line = { kind: 'blob', path: 'blobs/x', offset: 0, size: 0, sha256: '0'.repeat(64), file_id: 'x' }

it.each(['file_id', 'content_type'])('an index line whose %s holds half a surrogate pair is refused', (name) => {
  expect(IndexLineSchema.safeParse({ ...line, [name]: '\u{1f525}' }).success).toBe(true)
  expect(IndexLineSchema.safeParse({ ...line, [name]: '\ud83d' }).success).toBe(false)
})
