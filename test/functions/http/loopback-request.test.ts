import { describe, expect, it } from 'vitest'
import { checkLoopbackRequest } from '../../../functions/http/loopback-request.ts'
import type { ForeignRequestError } from '../../../functions/http/errors.ts'

const PORT = 3000

describe('checkLoopbackRequest', () => {
  it.each([
    [{ host: '127.0.0.1:3000' }],
    [{ host: 'localhost:3000' }],
    [{ host: 'LOCALHOST:3000' }],
    [{ host: '[::1]:3000' }],
    [{ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' }],
    [{ host: 'localhost:3000', 'sec-fetch-site': 'same-origin' }],
    [{ host: 'localhost:3000', 'sec-fetch-site': 'none' }],
  ])('accepts %j', (headers) => {
    expect(() => {
      checkLoopbackRequest(headers, PORT)
    }).not.toThrow()
  })

  it.each([
    ['Host', {}],
    ['Host', { host: '127.0.0.1' }],
    ['Host', { host: '127.0.0.1:3001' }],
    ['Host', { host: 'rebound.example.com:3000' }],
    ['Host', { host: 'localhost.example.com:3000' }],
    ['Host', { host: '127.0.0.1:3000.example.com' }],
    ['Host', { host: 'user@127.0.0.1:3000' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'https://example.com' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'null' }],
    ['Origin', { host: '127.0.0.1:3000', origin: '' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3001' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'http://localhost:3000' }],
    ['Origin', { host: '127.0.0.1:3000', origin: 'https://127.0.0.1:3000' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site', { host: '127.0.0.1:3000', 'sec-fetch-site': '' }],
  ])('rejects the %s of %j', (header, headers) => {
    const check = (): void => {
      checkLoopbackRequest(headers, PORT)
    }
    expect(check).toThrow(expect.objectContaining({ header }) as ForeignRequestError)
  })
})
