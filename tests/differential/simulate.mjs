// Answers batches of IAM questions with @cloud-copilot/iam-simulate (AGPL-3.0: test-only, through its public API).
//
//   node simulate.mjs <folder with node_modules>
//
// One JSON line in:  {"policies": [document...], "boundary": [document...] | null, "levels": [[document...]...], "principal": ARN, "account": id,
//                     "asks": [{"action", "resource", "context": {key: value | [value...]}}...]}
// One JSON line out: {"answers": ["allowed" | "denied" | "error: <why>"...]}, in the order of the asks.
//
// Documents are validated once for a batch. Most asks then go to `runUnsafeSimulation`: the same engine without the checks
// of the request, which take five times as long as the answer. Every 16th of them is put to `runSimulation` as well, and
// so is each ask for an action without resource level, which only that one knows about.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const CHECKED = 16
const require = createRequire(pathToFileURL(resolve(process.argv[2], 'package.json')))
const load = async (name) => import(pathToFileURL(require.resolve(name).replace(/([\\/]dist[\\/])cjs([\\/])/, '$1esm$2')).href)
const { isWildcardOnlyAction, runSimulation, runUnsafeSimulation } = await load('@cloud-copilot/iam-simulate')
const { createValidatedPolicy, validateIdentityPolicy } = await load('@cloud-copilot/iam-policy')

const validated = (documents, name) =>
  documents.map((document, i) => ({ name: `${name}${i}`, policy: createValidatedPolicy(document, validateIdentityPolicy) }))

const why = (errors) => {
  const found = Object.values(errors).flatMap((part) => (typeof part === 'string' ? [part] : Object.values(part).flat()))
  return found.map((error) => (typeof error === 'string' ? error : `${error.path}: ${error.message}`)).join('; ')
}

const word = (result) => (result === 'Allowed' ? 'allowed' : 'denied')

async function checked(simulation) {
  const result = await runSimulation(simulation, { simulationMode: 'Strict' })
  return result.resultType === 'error' ? `error: ${why(result.errors)}` : word(result.overallResult)
}

const withoutResource = new Map()
async function hasNoResource(action) {
  if (!withoutResource.has(action)) withoutResource.set(action, await isWildcardOnlyAction(...action.split(':')))
  return withoutResource.get(action)
}

let asked = 0

async function answer(documents, valid, { principal, account }, { action, resource, context }) {
  const simulation = (policies) => ({
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: policies.identity,
    permissionBoundaryPolicies: policies.boundary,
    serviceControlPolicies: policies.levels,
    resourceControlPolicies: [],
    resourcePolicy: undefined,
  })
  if (valid.refused || (await hasNoResource(action))) return checked(simulation(valid))
  const fast = word(runUnsafeSimulation(simulation(documents), {}))
  if (asked++ % CHECKED) return fast
  const slow = await checked(simulation(valid))
  return slow === fast ? fast : `error: runUnsafeSimulation says ${fast}, runSimulation ${slow}`
}

for await (const line of createInterface({ input: process.stdin })) {
  const batch = JSON.parse(line)
  const named = (documents, name) => documents.map((policy, i) => ({ name: `${name}${i}`, policy }))
  const of = (make) => ({ identity: make(batch.policies, 'policies'), boundary: batch.boundary ? make(batch.boundary, 'boundary') : undefined,
    levels: batch.levels.map((level, i) => ({ orgIdentifier: `level${i}`, policies: make(level, `level${i}`) })) })
  const valid = of(validated)
  valid.refused = [...valid.identity, ...(valid.boundary ?? []), ...valid.levels.flatMap((level) => level.policies)].some(({ policy }) => policy.errors.length)
  const documents = of(named)
  const known = new Map()
  const answers = []
  for (const ask of batch.asks) {
    const name = JSON.stringify(ask)
    try {
      if (!known.has(name)) known.set(name, await answer(documents, valid, batch, ask))
      answers.push(known.get(name))
    } catch (error) {
      answers.push(`error: ${error.message}`)
    }
  }
  process.stdout.write(`${JSON.stringify({ answers })}\n`)
}
