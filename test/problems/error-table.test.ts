import { glob, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ERROR_TABLE } from '../../shared/problems/error-table.ts'

const ROOT = new URL('../../', import.meta.url)

interface ErrorClass {
  readonly name: string
  readonly file: string
  /** The text of the class, up to the next class of the same file. */
  readonly source: string
}

/**
 * All classes in `shared/` and `functions/` that extend `Error` or another error class. The errors of the command and
 * of the page are not answers to requests, so the table has no rows for them.
 */
const errorClasses = async (): Promise<ErrorClass[]> => {
  const classes: ErrorClass[] = []
  for await (const file of glob('{shared,functions}/**/*.ts', { cwd: ROOT, exclude: ['functions/{cli,page}'] })) {
    const source = await readFile(new URL(file, ROOT), 'utf8')
    const found = [...source.matchAll(/\bclass (\w+)(?:<[^{]*>)? extends \w*Error\b/g)]
    for (const [index, match] of found.entries())
      classes.push({
        name: match[1] ?? '',
        file,
        source: source.slice(match.index, found[index + 1]?.index),
      })
  }
  return classes
}

describe('the error table', () => {
  it('has one answer for each type to the question whether messages repeat the title', () => {
    const repeating = Object.values(ERROR_TABLE).filter(({ messageRepeatsTitle }) => messageRepeatsTitle === true)
    const types = new Set(repeating.map(({ type }) => type))
    expect(Object.values(ERROR_TABLE).filter(({ type }) => types.has(type))).toEqual(repeating)
  })

  it('has a row for every error class, and an error class for every row', async () => {
    const names = (await errorClasses()).map(({ name }) => name)
    expect(names.length).toBeGreaterThan(30)
    expect(names.sort()).toEqual(Object.keys(ERROR_TABLE).sort())
  })

  it('can find the row of every error, because its name is the name of its class', async () => {
    for (const { name, file, source } of await errorClasses())
      expect(source, `${name} in ${file}`).toMatch(
        new RegExp(`^ {2}override (?:readonly )?name(?:: string)? = '${name}'$`, 'm'),
      )
  })

  it('covers classes whose names end in Error, so that no other class is an error', async () => {
    for await (const file of glob('{shared,functions}/**/*.ts', { cwd: ROOT })) {
      const source = await readFile(new URL(file, ROOT), 'utf8')
      for (const [, name = '', base = ''] of source.matchAll(/\bclass (\w+) extends (\w+)/g))
        expect(name.endsWith('Error'), `${name} extends ${base} in ${file}`).toBe(base.endsWith('Error'))
    }
  })
})
