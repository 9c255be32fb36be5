import { expect, it } from 'vitest'
import { errorMessage } from '../../shared/values/error-message.ts'

it.each([
  [new RangeError('too large'), 'too large'],
  ['a text', 'a text'],
  [undefined, 'undefined'],
])('the message of %o is %s', (error, message) => {
  expect(errorMessage(error)).toBe(message)
})
