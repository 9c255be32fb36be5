import zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { checkZstd } from '../../../functions/cli/archives/with-archive.ts'

describe('checkZstd', () => {
  it('names the version that is needed if Node.js has no zstd', () => {
    expect(() => {
      checkZstd({ gunzipSync: zlib.gunzipSync }, '20.19.0')
    }).toThrow('Node.js 22.15 or later is needed to read archives, but this is Node.js 20.19.0')
  })

  it('accepts the version of the deployment', () => {
    expect(() => {
      checkZstd()
    }).not.toThrow()
  })
})
