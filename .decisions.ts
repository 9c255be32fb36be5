/** Where it is decided what becomes of data, without I/O: every branch is covered by unit tests, and every change shows in one. */
export const DECISIONS = [
  'shared/archive/*.ts',
  'shared/compose/compose-plan.ts',
  'shared/restore/{bits,blob-runs,findings,target-join}.ts',
  'shared/resources/{attributes,consistency,indexed,instant,item-size,json-depth,key-range,models,number-text}.ts',
  'shared/resources/{ordered-json,payload,place,python-space,resource-join,text-order}.ts',
  'shared/resources/filters/**/*.ts',
  'shared/specstar/{archive-resources,msgpack-reader,msgpack-writer,propose-models,resource-records}.ts',
  'shared/specstar/{stream-frame,stream-order,stream-reader,stream-window,timestamp}.ts',
]
