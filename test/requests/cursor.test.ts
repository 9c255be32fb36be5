import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { encodeCursor, parseCursor } from '../../shared/requests/cursor.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'

const Position = z.strictObject({ after: z.string() })

describe('a cursor', () => {
  it('contains a position, whatever characters it has, and needs no encoding in a URL', () => {
    for (const after of ['', 'a#b', 'ü/?&=+ 🙂', '"\\'.repeat(50)]) {
      const cursor = encodeCursor('jobs', { after })
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/)
      expect(parseCursor('jobs', Position, cursor)).toEqual({ after })
    }
  })

  it.each([
    ['is empty', ''],
    ['is not JSON', 'nonsense'],
    ['is of another list', encodeCursor('archives', { after: 'a' })],
    ['has another position', encodeCursor('jobs', { page: 1 })],
    ['has further members', encodeCursor('jobs', { after: 'a', page: 1 })],
    ['is of an earlier release', Buffer.from('{"after":"a"}').toString('base64url')],
  ])('is rejected if it %s, with the name of the parameter', (_, text) => {
    const parse = (): unknown => parseCursor('jobs', Position, text)
    expect(parse).toThrow(InvalidRequestError)
    expect(parse).toThrow('cursor: must be the `cursor` of an earlier page of this list')
  })
})
