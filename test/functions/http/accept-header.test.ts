import { describe, expect, it } from 'vitest'
import { acceptsArchive } from '../../../functions/http/accept-header.ts'

describe('acceptsArchive', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['application/*', false],
    ['application/json', false],
    ['application/octet-stream', true],
    ['Application/Octet-Stream; charset=x', true],
    ['application/octet-stream, */*;q=0.8', true],
    ['text/html , application/octet-stream;q=0.5', true],
    ['application/octet-stream;q=0', false],
    ['application/octet-stream;q=x', false],
    ['application/json, application/octet-stream', false],
    ['application/octet-stream;q=0.9, application/json;q=0.8', true],
    ['application/octet-stream;q=0.8, application/json ; q=0.9', false],
  ])('returns for %j: %j', (accept, expected) => {
    expect(acceptsArchive({ headers: accept === undefined ? {} : { accept } })).toBe(expected)
  })
})
