import { Busboy } from '@fastify/busboy'
import { finished } from 'node:stream/promises'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { TooLargeError } from './errors.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

const FIELD = 'file'

/** The bytes of the `file` field of a multipart form. Throws where it is absent, empty, given twice, or over `limitBytes`. */
export const fileOfForm = async (body: Buffer, contentType: string, limitBytes: number): Promise<Buffer> => {
  const files: Buffer[] = []
  const others: string[] = []
  const form = formReader(contentType, limitBytes)
  const met = { limit: false, cut: false }
  form.on('file', (name, stream) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('limit', () => {
      met.limit = true
    })
    // A form that is cut off fails here as well: the form's own error is the one that is answered.
    stream.on('error', () => {
      met.cut = true
    })
    stream.on('end', () => {
      if (name === FIELD) files.push(Buffer.concat(chunks))
      else others.push(name)
    })
  })
  form.on('field', (name) => others.push(name))
  // `end` may fail before anyone listens to it.
  const read = finished(form)
  form.end(body)
  await read.catch((error: unknown) => {
    throw unreadable(error)
  })
  if (met.cut) throw unreadable(new Error('it is cut off'))
  if (met.limit) throw new TooLargeError(limitBytes)
  return onlyFile(files, others)
}

const formReader = (contentType: string, limitBytes: number) => {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { fileSize: limitBytes, files: 8, fields: 8 },
      // A client may send the field without a file name: it is the archive all the same.
      isPartAFile: (name, _type, fileName) => name === FIELD || fileName !== undefined,
    })
  } catch (error) {
    throw unreadable(error)
  }
}

const onlyFile = (files: readonly Buffer[], others: readonly string[]): Buffer => {
  const [file, second] = files
  if (file === undefined) throw invalid(`the form must have a field \`${FIELD}\` with the archive`)
  if (second !== undefined) throw invalid('must be given once: one archive a request')
  if (file.length === 0) throw invalid('is empty')
  if (others.length > 0)
    throw new InvalidRequestError(
      others.map((field) => ({ field, message: `unknown field of the form; only \`${FIELD}\` is read` })),
    )
  return file
}

const unreadable = (error: unknown): InvalidRequestError =>
  new InvalidRequestError([{ field: 'body', message: `the form cannot be read: ${errorMessage(error)}` }])

const invalid = (message: string): InvalidRequestError => new InvalidRequestError([{ field: FIELD, message }])
