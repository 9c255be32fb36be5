import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadModels, loadModelsFile, modelsFindings, parseModels } from '../../shared/resources/models.ts'
import { ModelsInvalidError, UnknownModelError } from '../../shared/resources/errors.ts'

describe('the model registry', () => {
  it('of the repository is valid', async () => {
    const models = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))
    expect(models.names).toEqual(['character', 'city', 'country', 'doc', 'guild', 'item', 'memo'])
    expect(models.get('country')).toMatchObject({
      shards: 16,
      references: [{ field: 'borders', target: 'country', list: true, ref_type: 'resource_id' }],
    })
    expect(models.get('character').indexed).toContainEqual({ key: 'class_', path: 'class' })
  })

  it('has defaults for optional fields', () => {
    const model = loadModels({ a: { indexed: ['x'], references: [{ field: 'b.c', target: 'a' }] } }).get('a')
    expect(model).toStrictEqual({
      name: 'a',
      indexed: [{ key: 'x', path: 'x' }],
      references: [{ field: 'b.c', target: 'a', list: false, ref_type: 'resource_id' }],
      shards: 16,
    })
  })

  it('keeps the fields that are set', () => {
    const models = loadModels({
      a: {
        indexed: [{ key: 'k', path: 'p.q', type: 'list', guess: true }, { key: 'same' }],
        references: [{ field: 'f', target: 'b', list: true, ref_type: 'revision_id', guess: true }],
        blobs: ['file', 'pages[].scan'],
        schema: { type: 'object' },
        shards: 1024,
      },
      b: { shards: 1, blobs: [] },
    })
    expect(models.get('a')).toStrictEqual({
      name: 'a',
      indexed: [
        { key: 'k', path: 'p.q', type: 'list' },
        { key: 'same', path: 'same' },
      ],
      references: [{ field: 'f', target: 'b', list: true, ref_type: 'revision_id' }],
      blobs: ['file', 'pages[].scan'],
      schema: { type: 'object' },
      shards: 1024,
    })
    expect(models.get('b')).toEqual({ name: 'b', indexed: [], references: [], blobs: [], shards: 1 })
    expect([models.has('a'), models.has('c'), models.has('toString')]).toEqual([true, false, false])
    expect(loadModels({}).names).toEqual([])
  })

  it('ignores partition keys with the prefixes that it names', () => {
    const models = loadModels({ a: {}, ignored_key_prefixes: ['cache#', 'tmp'] })
    expect(models.names).toEqual(['a'])
    expect(['cache#1', 'tmp', 'tmp#1', 'cache', 'a#m#0', ''].filter((pk) => models.ignores(pk))).toEqual([
      'cache#1',
      'tmp',
      'tmp#1',
    ])
    expect(loadModels({ a: {}, ignored_key_prefixes: [] }).ignores('')).toBe(false)
  })

  it('accepts a model whose name is ignored_key_prefixes', () => {
    const models = loadModels({ ignored_key_prefixes: { shards: 4 } })
    expect(models.names).toEqual(['ignored_key_prefixes'])
    expect(models.get('ignored_key_prefixes').shards).toBe(4)
  })

  it.each([['cache#'], [null], [['']], [[1]], [5]])('rejects %j as ignored key prefixes', (ignored_key_prefixes) => {
    expect(() => loadModels({ a: {}, ignored_key_prefixes })).toThrow(
      'models.json: ignored_key_prefixes: must be a list of strings that are not empty',
    )
  })

  it.each<[unknown, string]>([
    [[], 'models.json: must be a JSON object whose members are the models'],
    ['a', 'models.json: must be a JSON object whose members are the models'],
    [{ a: [] }, 'models.json: model a: must be an object'],
  ])('rejects %j, which has the wrong JSON type', (json, message) => {
    expect(() => loadModels(json)).toThrow(new ModelsInvalidError([message.replace('models.json: ', '')]))
  })

  it('returns the paths of blobs of the models that state them', () => {
    const models = loadModels({ a: { blobs: ['x'] }, b: { blobs: [] }, c: {}, d: { blobs: ['y'] } })
    expect(models.blobPathsOf(['a', 'b', 'c', 'e'])).toStrictEqual({ a: ['x'], b: [] })
  })

  it('rejects a path of blobs that is not a path, with its model', () => {
    expect(() => loadModels({ a: { blobs: ['x', 'a..b'] } })).toThrow(
      expect.objectContaining({ findings: [expect.stringMatching(/^model a: blobs\.1: "a\.\.b" is not a path: /)] }),
    )
  })

  it.each(['a', 'Z', 'a-b_C9', 'a'.repeat(63)])('accepts the name %s', (name) => {
    expect(loadModels({ [name]: {} }).names).toEqual([name])
  })

  it.each(['', '-a', '1a', 'a.b', 'é', 'a'.repeat(64), 'a\n'])('rejects the name %j', (name) => {
    const finding = `model ${JSON.stringify(name)}: a name must be a letter, followed by at most 62 of A-Z a-z 0-9 _ -`
    expect(() => loadModels({ [name]: {} })).toThrow(expect.objectContaining({ findings: [finding] }))
  })

  it('has findings if its content is invalid', () => {
    expect(modelsFindings({ a: {}, b: { shards: 4 } })).toEqual([])
    expect(modelsFindings({ a: { shards: 3 }, b: { shards: 5 } })).toEqual([
      'model a: shards: 3 is not a power of two',
      'model b: shards: 5 is not a power of two',
    ])
  })

  it('has a finding for each error, whatever the kinds of the errors', () => {
    const city = { indexd: [], shards: 0, references: [{ field: 'x', target: 'town' }] }
    const broken = { indexed: 'name', shards: 3, references: [{ field: 'to', target: 'city' }] }
    expect(modelsFindings({ city, '1': broken, blobs: 5, ignored_key_prefixes: 7 })).toEqual([
      'ignored_key_prefixes: must be a list of strings that are not empty',
      'model 1: indexed: must be a list, not a string',
      'model city: shards: must be at least 1',
      'model city: has the unknown member "indexd"; allowed: indexed, references, blobs, schema, shards',
      'model blobs: must be an object',
      'model "1": a name must be a letter, followed by at most 62 of A-Z a-z 0-9 _ -',
      'model 1: shards: 3 is not a power of two',
      'model city: references: field x: target town is not registered',
      'model blobs: SpecStar uses this name for its routes /blobs/…; rename the model',
    ])
  })

  it('has findings for any JSON, and never fails otherwise', () => {
    const member = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { indexed: fc.jsonValue(), references: fc.jsonValue(), shards: fc.jsonValue(), other: fc.jsonValue() },
        { requiredKeys: [] },
      ),
    )
    const registry = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), member))
    fc.assert(
      fc.property(registry, (json) => {
        expect(modelsFindings(json)).toEqual(expect.any(Array))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['> specstar-backup@0.1.0 models\n{"a":{}}', true],
    ['\n\n> specstar-backup@0.1.0 models\n{"a":{}}', true],
    ['{"a > b":', false],
    ['>', false],
  ])('explains that npm wrote the first lines of %j only if they are lines of npm: %s', (text, isBanner) => {
    expect(() => parseModels(text, 'models.json')).toThrow(ModelsInvalidError)
    const hint = expect(() => parseModels(text, 'models.json'))
    if (isBanner) hint.toThrow('begins with lines of npm')
    else hint.not.toThrow('begins with lines of npm')
  })

  it('is rejected if its text begins with a byte order mark', () => {
    expect(() => parseModels('\uFEFF{"a":{}}', 'own.json')).toThrow(
      'own.json: begins with a byte order mark (BOM): save the file as UTF-8 without BOM',
    )
    expect(() => parseModels('{"a":{}}\uFEFF', 'own.json')).toThrow('own.json: is not JSON')
    expect(() => parseModels('\u001f\ufffd\b', 'own.json')).toThrow(/^own\.json: is not JSON: it is not a text file$/)
  })

  it('is rejected with all its errors, each with model and key', () => {
    const indexed = ['x', 'y', { key: 'x' }, 'x', 'y']
    const reference = { field: 'f', target: 'c' }
    expect(() => loadModels({ a: { indexed, shards: 6 }, b: { references: [reference, reference] } })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/^models\.json: model a: shards.*; model a: indexed/) as string,
        findings: [
          'model a: shards: 6 is not a power of two',
          'model a: indexed: key x is listed twice',
          'model a: indexed: key y is listed twice',
          'model b: references: field f is listed twice',
          'model b: references: field f: target c is not registered',
          'model b: references: field f: target c is not registered',
        ],
      }),
    )
    expect(() => loadModels([])).toThrow(
      expect.objectContaining({ findings: ['must be a JSON object whose members are the models'] }),
    )
    expect(() => loadModels({ a: 7, b: { shards: 0 } })).toThrow(
      expect.objectContaining({
        findings: ['model a: must be an object', 'model b: shards: must be at least 1'],
      }),
    )
  })

  it('cannot be loaded from a file that is missing, not JSON, or not a registry', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'models-'))
    const file = join(dir, 'own.json')
    try {
      await expect(loadModelsFile(file)).rejects.toThrow(ModelsInvalidError)
      await expect(loadModelsFile(file)).rejects.toThrow(`${file}: cannot be read: ENOENT`)
      await writeFile(file, '{"a":')
      await expect(loadModelsFile(file)).rejects.toThrow(ModelsInvalidError)
      await expect(loadModelsFile(file)).rejects.toThrow(/own\.json: is not JSON: Unexpected end.*input$/)
      await writeFile(
        file,
        '\n> specstar-backup@0.1.0 models\n> node functions/cli/specstar-backup.ts models propose\n\n{"a":{}}\n',
      )
      await expect(loadModelsFile(file)).rejects.toThrow(/begins with lines of npm: .* --output$/)
      await writeFile(file, '{"a":{"shards":3}}')
      await expect(loadModelsFile(file)).rejects.toThrow(`${file}: model a: shards: 3 is not a power of two`)
      for (const empty of ['{}', '{"ignored_key_prefixes":["x#"]}']) {
        await writeFile(file, empty)
        await expect(loadModelsFile(file)).rejects.toThrow(`${file}: contains no models; add a member for each model`)
      }
      await writeFile(file, '{"a":{}}')
      expect((await loadModelsFile(file)).names).toEqual(['a'])
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  it.each([
    ['model "9x"', { '9x': {} }],
    ['model "_backup"', { _backup: {} }],
    ['model blobs: SpecStar uses this name for its routes /blobs/…; rename the model', { blobs: {} }],
    ['model a: shards: 12 is not a power of two', { a: { shards: 12 } }],
    ['model a: shards', { a: { shards: 2048 } }],
    ['model a: has the unknown member "idx"; allowed: indexed, references, blobs, schema, shards', { a: { idx: [] } }],
    ['model a: indexed.0', { a: { indexed: [{ path: 'x' }] } }],
    ['model a: indexed: key x is listed twice', { a: { indexed: ['x', { key: 'x', path: 'y' }] } }],
    ['model a: references.0.ref_type', { a: { references: [{ field: 'f', target: 'a', ref_type: 'uid' }] } }],
    ['model a: references: field f: target b is not registered', { a: { references: [{ field: 'f', target: 'b' }] } }],
  ])('is rejected with «%s»', (message, json) => {
    expect(() => loadModels(json)).toThrow(ModelsInvalidError)
    expect(() => loadModels(json)).toThrow(message)
  })

  it('lists the registered models in the error for an unknown one', () => {
    const models = loadModels({ b: {}, a: {}, B: {} })
    expect(() => models.get('c')).toThrow(UnknownModelError)
    expect(() => models.get('c')).toThrow('registered: B, a, b')
  })
})
