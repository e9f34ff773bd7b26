// The peer: nodemailer's pool and handlebars.js, the same letters to the same addresses as ours.
//   node nodemailer.js send LETTER.json PORT CONNECTIONS     sends all
//   node nodemailer.js compose LETTER.json SECONDS           renders and composes only; prints messages a second and their size
'use strict';
const { readFileSync } = require('node:fs');
const handlebars = require('handlebars');
const nodemailer = require('nodemailer');
const MailComposer = require('nodemailer/lib/mail-composer');

const [what, file, ...rest] = process.argv.slice(2);
const { from, subject, text, html, missions, letters } = JSON.parse(readFileSync(file, 'utf8'));
const templates = {
  subject: handlebars.compile(subject, { noEscape: true }),
  text: handlebars.compile(text, { noEscape: true }),
  html: handlebars.compile(html),
};

function letter(n) {
  const mission = missions[n % missions.length];
  return {
    from,
    to: mission.address,
    subject: templates.subject(mission),
    text: templates.text(mission),
    html: templates.html(mission),
  };
}

async function send(port, connections) {
  const pool = nodemailer.createTransport({
    host: '127.0.0.1',
    port,
    pool: true,
    maxConnections: connections,
    maxMessages: Infinity,
    ignoreTLS: true,
  });
  let next = 0;
  // Twice as many in the making as connections, so that none waits for the next letter.
  const lanes = Array.from({ length: 2 * connections }, async () => {
    while (next < letters) await pool.sendMail(letter(next++));
  });
  await Promise.all(lanes);
  pool.close();
}

async function compose(seconds) {
  const build = (n) => new Promise((done, failed) =>
    new MailComposer(letter(n)).compile().build((error, bytes) => (error ? failed(error) : done(bytes.length))));
  for (let n = 0; n < 500; n++) await build(n);
  let [made, bytes] = [0, 0];
  const began = process.hrtime.bigint();
  while (process.hrtime.bigint() - began < BigInt(seconds) * 1_000_000_000n) bytes += await build(made++);
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  console.log(`${(made / took).toFixed(1)} ${Math.round(bytes / made)}`);
}

const work = what === 'send' ? send(Number(rest[0]), Number(rest[1])) : compose(Number(rest[0]));
work.catch((error) => {
  console.error(error.message);
  process.exit(1);
});
