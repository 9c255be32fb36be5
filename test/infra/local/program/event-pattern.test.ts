import { describe, expect, it } from 'vitest'
import type { EventPattern } from '../../../../functions/events.ts'
import { EventPatternError, type LocalEvent, patternMatcher } from '../../../../infra/local/program/event-pattern.ts'

const pattern = (detail: EventPattern['detail']): EventPattern => ({ source: ['s'], detailType: ['t'], detail })
const event = (detail: object, source = 's', type = 't'): LocalEvent => ({ source, 'detail-type': type, detail })

describe('patternMatcher', () => {
  it.each<[string, EventPattern['detail'], object, boolean]>([
    ['one of several strings', { status: ['A', 'B'] }, { status: 'B', other: 1 }, true],
    ['another string', { status: ['A', 'B'] }, { status: 'C' }, false],
    ['a member that is missing', { status: ['A'] }, {}, false],
    ['a value that is no string', { status: ['1'] }, { status: 1 }, false],
    ['a suffix', { object: { key: [{ suffix: '.x' }] } }, { object: { key: 'a.x' } }, true],
    ['another suffix', { object: { key: [{ suffix: '.x' }] } }, { object: { key: 'a.xy' } }, false],
    ['a prefix', { object: { key: [{ prefix: 'a' }] } }, { object: { key: 'a.x' } }, true],
    ['another prefix', { object: { key: [{ prefix: 'a' }] } }, { object: { key: 'ba' } }, false],
    ['a string instead of an object', { object: { key: ['a'] } }, { object: 'a' }, false],
    ['two members, of which one differs', { a: ['1'], b: ['2'] }, { a: '1', b: '3' }, false],
  ])('compares the detail of an event: %s', (_, conditions, detail, expected) => {
    expect(patternMatcher(pattern(conditions))(event(detail))).toBe(expected)
  })

  it('compares the source and the type of an event', () => {
    const matches = patternMatcher(pattern({}))
    expect([matches(event({})), matches(event({}, 'other')), matches(event({}, 's', 'other'))]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('throws for a comparison that the local program does not support', () => {
    expect(() => patternMatcher(pattern({ size: [{ numeric: ['>', 0] }] }))).toThrow(EventPatternError)
  })
})
