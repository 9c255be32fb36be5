import { describe, expect, it } from 'vitest'
import { isUuid } from '../../shared/values/uuid.ts'

const UUID = 'f1640ff8-d059-403c-b0d5-295ffc6e627d'

describe('isUuid', () => {
  it('accepts a UUID in lower case and in upper case', () => {
    expect(isUuid(UUID)).toBe(true)
    expect(isUuid(UUID.toUpperCase())).toBe(true)
  })

  it.each([
    '',
    `0${UUID}`,
    `${UUID}0`,
    UUID.slice(1),
    UUID.slice(0, -1),
    UUID.replaceAll('-', ''),
    `${UUID}\n`,
    `{${UUID}}`,
  ])('rejects %j', (text) => {
    expect(isUuid(text)).toBe(false)
  })

  it('rejects a group that is too short, or that contains another character', () => {
    const groups = UUID.split('-')
    for (const [k, group] of groups.entries())
      for (const wrong of [group.slice(1), `g${group.slice(1)}`, `${group}0`])
        expect(isUuid(groups.with(k, wrong).join('-'))).toBe(false)
  })
})
