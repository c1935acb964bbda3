#!/usr/bin/env node
// Results written, read and reported with node-pg. Usage: with_node.js [SECONDS [CAMERA]]
//
// libpq's variables say where: PGHOST (every proxy: 10.77.0.5,10.77.0.6), PGSSLROOTCERT (the cluster's CA), and PGPASSFILE
// (a line for each role). It writes as eight cameras, CAMERA and those after it. Why it does so: ../applications.md.
'use strict'
const { readFileSync } = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { Client } = require('pg')

const [WRITER, READER, REPORTER] = ['camgrid_writer', 'camgrid_reader', 'camgrid_reporter']
const ENDPOINTS = { write: [5000, WRITER], ingest: [5001, WRITER], read: [5002, READER], analytics: [5003, REPORTER] }
const HOSTS = process.env.PGHOST.split(',')
const CA = readFileSync(process.env.PGSSLROOTCERT)
// A server that stops or starts, a primary that became a replica, two writers in each other's way, a full server;
// what Node says of a proxy that is away.
const PASSING = /^(57P0[123]|25006|40001|40P01|53300|08...|E(CONNREFUSED|CONNRESET|HOSTUNREACH|NETUNREACH|PIPE|TIMEDOUT))$/
// node-pg has no code for these.
const LOST = /^(Connection terminated|timeout expired|Query read timeout)/
// What the pool says with the code 08P01, and what stays wrong however often it is tried.
const HOPELESS = /authentication failed|no such|unsupported|query_timeout/
const DEADLINE_MS = 60_000 // a lost host is replaced within half of it
const [seconds, first] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 1_000_000_001)]
const cameras = Array.from({ length: 8 }, (_, number) => first + number)

const RESULT = `
  INSERT INTO counting_results (camera_id, "timestamp", count_in) VALUES ($1, $2, $3)
  ON CONFLICT (camera_id, zone_id, "timestamp") DO UPDATE SET count_in = excluded.count_in`
const REPORT = `
  SELECT count(*)::integer AS count, sum(count_in) AS total, max("timestamp") AS newest FROM counting_results
  WHERE camera_id = ANY($1) AND "timestamp" >= $2`
const STORED = 'SELECT camera_id, "timestamp", count_in FROM counting_results WHERE camera_id = ANY($1) AND "timestamp" >= $2'

// A connection through any proxy: node-pg knows one host, so the others are tried here.
async function connect(endpoint) {
  const [port, user] = ENDPOINTS[endpoint]
  const start = Math.floor(Math.random() * HOSTS.length) // so that all proxies are used
  let failure
  for (const host of [...HOSTS.slice(start), ...HOSTS.slice(0, start)]) {
    const client = new Client({
      host, port, user, database: 'camgrid', connectionTimeoutMillis: 3000, query_timeout: 30_000, keepAlive: true,
      ssl: { ca: CA, host }, // without host, an address is not compared with the certificate
    })
    client.on('error', () => {}) // an idle connection breaks: the next query says so
    try {
      await client.connect()
      return client
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

// One connection to an endpoint, made anew when it breaks.
class Endpoint {
  retries = 0
  constructor(name) { this.name = name }

  // The rows of a statement, which is a transaction of its own and must be harmless to repeat.
  async run(query, values) {
    const giveUp = Date.now() + DEADLINE_MS
    for (let pause = 50; ; pause = Math.min(2 * pause, 1000)) {
      try {
        this.client ??= await connect(this.name)
        return (await this.client.query({ ...query, values })).rows
      } catch (error) {
        const passing = error.code ? PASSING.test(error.code) && !HOPELESS.test(error.message) : LOST.test(error.message)
        if (!passing || Date.now() > giveUp) throw error
        console.log(`retry: ${error.code ?? 'no code'} ${error.message.replace(/\s+/g, ' ')}`)
      }
      this.client?.end().catch(() => {}) // the next one finds the new primary
      this.client = undefined
      this.retries += 1
      await sleep(pause * (0.5 + Math.random())) // differs, so that clients do not come back all at once
    }
  }

  async close() { await this.client?.end() }
}

// The rows of one statement through an endpoint.
async function once(name, text, values) {
  const endpoint = new Endpoint(name)
  try {
    return await endpoint.run({ text }, values)
  } finally {
    await endpoint.close() // an open connection would keep the program alive
  }
}

// Writes, reads, reports, and compares what was acknowledged with what is stored.
async function main() {
  const [ingest, acknowledged, started] = [new Endpoint('ingest'), [], new Date()]
  let [longest, shown] = [0, Date.now()]
  const key = (row) => `${row.camera_id} ${row.timestamp.toISOString()} ${row.count_in}`
  while (Date.now() < started.getTime() + seconds * 1000) {
    const result = { camera_id: cameras[acknowledged.length % 8], timestamp: new Date(), count_in: acknowledged.length % 100 }
    await ingest.run({ name: 'result', text: RESULT }, Object.values(result)) // a name: prepared once a connection
    acknowledged.push(result)
    longest = Math.max(longest, Date.now() - result.timestamp)
    if (Date.now() - shown >= 1000) {
      shown = Date.now()
      console.log(`${acknowledged.length} written, ${ingest.retries} retries`)
    }
    await sleep(10)
  }
  for (const name of ['read', 'analytics']) {
    try {
      const [{ count, total, newest }] = await once(name, REPORT, [cameras, started])
      const behind = newest ? (acknowledged.at(-1).timestamp - newest) / 1000 : 'all'
      console.log(`${name}: ${count} of ${acknowledged.length} results, sum ${total}, ${behind} s behind`)
    } catch (error) {
      if (error.code !== 'XX000') throw error
      console.log(`${name}: not now: ${error.message}`) // a group lost its replica: reports wait, and never slow ingest
    }
  }
  await ingest.close()
  const stored = (await once('write', STORED, [cameras, started])).map(key)
  const found = new Set(stored)
  const missing = acknowledged.filter((result) => !found.has(key(result))).length
  const surplus = stored.length - (acknowledged.length - missing)
  console.log(`${acknowledged.length} acknowledged, ${ingest.retries} retries, ` +
    `longest pause ${(longest / 1000).toFixed(2)} s, ${missing} missing, ${surplus} too many`)
  process.exitCode = missing || surplus ? 1 : 0
}

main()
