"""CloudWatch's alarms through Amazon SNS: what they become, who is asked to confirm, whose signature is taken."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from steward.signals.alerts.ingest.sources import NotFetched, Received, Unreadable
from steward.signals.alerts.ingest.sources.cloudwatch import KIND, sns
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
CONFIRMATION = "without-alerts/subscription-confirmation.json"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:steward"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: Any = KEY, *, until: datetime = NOW + timedelta(days=30)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=60))
        .not_valid_after(until)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM)


class Certificates:
    """Amazon's web server: what it was asked for, and the certificate it gives."""

    def __init__(self, given: bytes) -> None:
        self.given, self.asked = given, list[str]()

    def __call__(self, url: str) -> bytes:
        self.asked.append(url)
        return self.given


@pytest.fixture(autouse=True)
def _no_certificates_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sns, "_certificates", {})


def signed(name: str, version: str = "2", **changes: Any) -> dict[str, Any]:
    """The sample with a signature of ours: its text is put together here from what Amazon documents."""
    envelope = {**sample(FOLDER, name), "SignatureVersion": version, **changes}
    confirming = ["SubscribeURL", "Timestamp", "Token"] if "Token" in envelope else ["Subject", "Timestamp"]
    names = [each for each in ["Message", "MessageId", *confirming, "TopicArn", "Type"] if each in envelope]
    text = "".join(f"{each}\n{envelope[each]}\n" for each in names)
    digest = SHA256() if version == "2" else SHA1()
    signature = KEY.sign(text.encode(), PKCS1v15(), digest)
    return {**envelope, "Signature": base64.b64encode(signature).decode()}


def trouble(envelope: Any, fetch: Callable[[str], bytes], secret: str = TOPIC) -> str:
    assert KIND.verify is not None
    return KIND.verify(Received(json.dumps(envelope).encode(), NOW, "cloudwatch", fetch=fetch), secret)


def test_samples() -> None:
    check_samples("cloudwatch", "cloudwatch", FOLDER)


def test_an_alarm_fires_and_its_ok_resolves_the_same_alert() -> None:
    (firing,) = read("cloudwatch", sample(FOLDER, "alarm.json")).good
    assert firing.labels == {
        "alertname": "CPU of web-1",
        "account": "123456789012",
        "region": "eu-west-1",
        "namespace": "AWS/EC2",
        "metric": "CPUUtilization",
        "InstanceId": "i-0123456789abcdef0",
    }
    assert (firing.resolved, firing.severity, firing.ends_at) == (False, "", None)
    assert firing.starts_at == datetime(2026, 3, 2, 11, 50, 4, 236000, UTC)
    assert firing.annotations["summary"].startswith("Threshold Crossed: 3 out of the last 3")
    assert firing.annotations["description"] == "Web servers answer slowly above 80 %"
    assert firing.annotations["threshold"] == "AVERAGE GreaterThanThreshold 80.0"
    assert firing.generator_url == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/CPU%20of%20web-1"
    )
    (resolved,) = read("cloudwatch", sample(FOLDER, "ok.json")).good
    assert (resolved.resolved, resolved.ends_at) == (True, datetime(2026, 3, 2, 11, 56, 4, 100000, UTC))
    assert resolved.fingerprint == firing.fingerprint


def test_missing_data_does_not_resolve_what_fires() -> None:
    (alarm,) = read("cloudwatch", sample(FOLDER, "alarm.json")).good
    (unknown,) = read("cloudwatch", sample(FOLDER, "insufficient-data.json")).good
    assert not unknown.resolved and unknown.fingerprint == alarm.fingerprint
    assert unknown.annotations["state"] == "INSUFFICIENT_DATA"


def test_composite_alarms_and_expressions() -> None:
    (composite,) = read("cloudwatch", sample(FOLDER, "composite.json")).good
    assert composite.labels == {"alertname": "Shop is degraded", "account": "123456789012", "region": "cn-north-1"}
    assert composite.annotations["rule"] == 'ALARM("errors") OR ALARM("latency")'
    assert composite.generator_url.startswith("https://cn-north-1.console.amazonaws.cn/cloudwatch/home?")
    (expression,) = read("cloudwatch", sample(FOLDER, "metric-math.json")).good
    assert expression.labels["LoadBalancer"] == "app/shop/50dc6c495c0c9188"
    assert expression.labels["metric"] == "HTTPCode_Target_5XX_Count"


def test_an_alarm_without_an_envelope() -> None:
    raw = json.loads(sample(FOLDER, "alarm.json")["Message"])
    assert read("cloudwatch", raw).good[0].labels == read("cloudwatch", sample(FOLDER, "alarm.json")).good[0].labels


def test_a_subscription_is_confirmed_at_amazon_alone() -> None:
    confirmation = sample(FOLDER, CONFIRMATION)
    parsed = read("cloudwatch", confirmation)
    assert parsed.confirm == confirmation["SubscribeURL"] and not parsed.good
    query = "/?Action=ConfirmSubscription&Token=x"
    assert read(
        "cloudwatch", {**confirmation, "SubscribeURL": "https://sns.cn-north-1.amazonaws.com.cn" + query}
    ).confirm
    assert read(
        "cloudwatch", {**confirmation, "SubscribeURL": "https://sns.us-gov-west-1.amazonaws.com" + query}
    ).confirm


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com.example.org/?Action=ConfirmSubscription",
        "https://sns.s3-us-west-2.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.s3.amazonaws.com/?Action=ConfirmSubscription",
        "https://evil@sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com:8443/?Action=ConfirmSubscription",
        "https://sns.eu-west-1.amazonaws.com/?Action=Publish",
        "https://xsns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://169.254.169.254/?Action=ConfirmSubscription",
        "https://[::1",
        "",
        None,
        7,
    ],
)
def test_no_other_address_is_visited(url: Any) -> None:
    with pytest.raises(Unreadable, match="SubscribeURL"):
        read("cloudwatch", {**sample(FOLDER, CONFIRMATION), "SubscribeURL": url})


def test_the_end_of_a_subscription_is_no_alert() -> None:
    parsed = read("cloudwatch", {**sample(FOLDER, CONFIRMATION), "Type": "UnsubscribeConfirmation"})
    assert not parsed.good and not parsed.bad and not parsed.confirm


@pytest.mark.parametrize("message", ["Hello", None, "[]", '{"AlarmName": "x", "NewStateValue": "ODD"}'])
def test_what_is_no_alarm_is_said_to_be_none(message: Any) -> None:
    with pytest.raises(Unreadable):
        read("cloudwatch", {**sample(FOLDER, "alarm.json"), "Message": message})


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("name", ["alarm.json", CONFIRMATION])
def test_what_amazon_signed_is_taken(name: str, version: str) -> None:
    amazon = Certificates(certificate())
    assert trouble(signed(name, version), amazon) == ""
    assert trouble(signed(name, version), amazon, f"arn:aws:sns:eu-west-1:1:other, {TOPIC}") == ""
    assert amazon.asked == [sample(FOLDER, name)["SigningCertURL"]]  # once


def test_a_message_without_a_subject() -> None:
    envelope = sample(FOLDER, "alarm.json")
    del envelope["Subject"]
    text = "".join(f"{each}\n{envelope[each]}\n" for each in ["Message", "MessageId", "Timestamp", "TopicArn", "Type"])
    envelope["Signature"] = base64.b64encode(KEY.sign(text.encode(), PKCS1v15(), SHA1())).decode()
    assert trouble(envelope, Certificates(certificate())) == ""


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Message": "{}"}, "does not fit"),
        ({"Subject": "another"}, "does not fit"),
        ({"SignatureVersion": "1"}, "does not fit"),
        ({"SignatureVersion": "3"}, "version"),
        ({"Signature": "no base64!"}, "not readable"),
        ({"Signature": None}, "not readable"),
        ({"Message": "\ud800"}, "not readable"),
        ({"TopicArn": TOPIC + "2"}, "not one that this source takes"),
        ({"TopicArn": None}, "no envelope"),
        ({"Type": ["Notification"]}, "no envelope"),
        ({"SigningCertURL": "https://example.org/SimpleNotificationService-aa.pem"}, "not Amazon's"),
        ({"SigningCertURL": "https://sns.s3-us-west-2.amazonaws.com/SimpleNotificationService-aa.pem"}, "not Amazon's"),
        ({"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-aa.pem"}, "not Amazon's"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/x.pem?y"}, "not Amazon's"),
        ({"SigningCertURL": None}, "not Amazon's"),
    ],
)
def test_what_is_forged_is_refused(changes: dict[str, Any], says: str) -> None:
    amazon = Certificates(certificate())
    assert says in trouble({**signed("alarm.json"), **changes}, amazon)
    assert all("sns.eu-west-1.amazonaws.com/" in url for url in amazon.asked)


def test_certificates_that_do_not_count() -> None:
    envelope = signed("alarm.json")
    assert "not valid now" in trouble(envelope, Certificates(certificate(until=NOW - timedelta(days=1))))
    sns._certificates.clear()
    assert "does not fit" in trouble(envelope, Certificates(certificate(rsa.generate_private_key(65537, 2048))))
    sns._certificates.clear()
    assert "no RSA key" in trouble(envelope, Certificates(certificate(ec.generate_private_key(ec.SECP256R1()))))
    sns._certificates.clear()
    with pytest.raises(NotFetched):
        trouble(envelope, Certificates(b"<html>"))
    assert trouble(envelope, Certificates(certificate())) == ""  # a bad answer is not remembered


def test_bodies_that_are_no_envelope_are_refused() -> None:
    for body in ([], None, "x", {}, {"Type": "Notification"}):
        assert trouble(body, Certificates(certificate()))


def test_garbage() -> None:
    check_garbage("cloudwatch", sample(FOLDER, "alarm.json"))
    check_garbage("cloudwatch", json.loads(sample(FOLDER, "alarm.json")["Message"]))
    check_garbage("cloudwatch", json.loads(sample(FOLDER, "metric-math.json")["Message"]))
    check_garbage("cloudwatch", sample(FOLDER, CONFIRMATION))


def test_set_up() -> None:
    page = check_set_up("cloudwatch")
    assert "/in/KEY/cloudwatch" in page and "SignatureVersion" in page
