import { describe, expect, it } from 'vitest'
import { RequestKeys } from '../../../functions/page/source/model/request-keys.ts'

const START = 1_000_000
const MINUTE = 60_000

const createKeys = (): RequestKeys => {
  let created = 0
  return new RequestKeys(() => `key-${(created += 1)}`)
}

describe('the idempotency keys of the page', () => {
  it('are the same for a request that is repeated because it has no answer', () => {
    const keys = createKeys()
    expect(keys.keyFor('export', START)).toBe('key-1')
    expect(keys.keyFor('export', START + MINUTE)).toBe('key-1')
  })

  it('are the same after an error of the server, which may have started the job', () => {
    const keys = createKeys()
    keys.keyFor('export', START)
    keys.answered('export', 503)
    expect(keys.keyFor('export', START)).toBe('key-1')
  })

  it.each([200, 202, 400, 409, 429])('are new after an answer with status %i', (status) => {
    const keys = createKeys()
    keys.keyFor('export', START)
    keys.answered('export', status)
    expect(keys.keyFor('export', START)).toBe('key-2')
  })

  it('differ between requests, and are new after ten minutes', () => {
    const keys = createKeys()
    expect([keys.keyFor('a', START), keys.keyFor('b', START)]).toEqual(['key-1', 'key-2'])
    expect(keys.keyFor('a', START + 10 * MINUTE)).toBe('key-3')
    expect(keys.keyFor('b', START + 10 * MINUTE - 1)).toBe('key-2')
  })
})
